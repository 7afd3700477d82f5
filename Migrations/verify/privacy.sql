-- Verify sluice:privacy on pg

begin;

set local plpgsql.check_asserts = on;

do $$
begin
  assert exists (
    select
    from pg_roles
    where rolname = 'sluice_privacy'
      and rolcanlogin
      and not (rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls)
  ), 'a role without attributes that logs in';
  assert not pg_has_role('sluice_privacy', 'sluice_owner', 'member'), 'it is no owner';
  assert not pg_has_role('sluice_report', 'sluice_privacy', 'member'), 'reports have nothing of it';
end
$$;

set local role sluice_owner;

do $$
begin
  assert (
    select count(*) = 13
    from pg_class
    where relnamespace = 'sluice'::regnamespace
      and relrowsecurity
  ), 'content is kept by rows';
  assert (
    select count(*) = 13
    from pg_policy
    where polname in ('program', 'privacy', 'operators', 'operators_cancel')
  ), 'for those whom it is for';
  assert (
    select count(*) = 2
    from pg_class
    where oid in ('sluice.turn_event'::regclass, 'sluice.live_turn'::regclass)
      and reloptions @> array['security_invoker=true']
  ), 'views show no more';
  assert has_function_privilege('sluice_app', 'sluice.conversation_expire(integer)', 'execute'), 'the program expires';
  assert has_function_privilege('sluice_privacy', 'sluice.identity_erase(uuid, integer)', 'execute'), 'one can erase';
  assert has_function_privilege('sluice_privacy', 'sluice.identity_export(uuid, boolean)', 'execute'), 'and export';
  assert has_function_privilege('sluice_privacy', 'sluice.conversation_export(uuid, uuid)', 'execute'), 'in parts';
  assert exists (select from sluice.schema_change where name = 'privacy'), 'recorded';
end
$$;

rollback;
