-- Verify sluice:roles on pg

begin;

set local plpgsql.check_asserts = on;

do $$
begin
  assert (
    select count(*) = 3
    from pg_roles
    where rolname in ('sluice_owner', 'sluice_app', 'sluice_report')
      and rolcanlogin = (rolname <> 'sluice_owner')
      and not (rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls)
  ), 'three roles without attributes, of which the owner cannot log in';
  assert not pg_has_role('sluice_app', 'sluice_owner', 'member'), 'the program is no owner';
  assert not pg_has_role('sluice_report', 'sluice_owner', 'member'), 'reports are no owner';
  assert not pg_has_role('sluice_report', 'sluice_app', 'member'), 'reports are not the program';
  assert (
    select count(*) = 5
    from pg_roles, unnest(rolconfig) as setting
    where (rolname = 'sluice_app' and setting ~ '^((statement|lock|idle_in_transaction_session)_timeout|enable_seqscan)=')
      or (rolname = 'sluice_report' and setting ~ '^statement_timeout=')
  ), 'time-outs and the planner are set';
end
$$;

rollback;
