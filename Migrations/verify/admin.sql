-- Verify sluice:admin on pg

begin;

set local plpgsql.check_asserts = on;

do $$
begin
  assert exists (
    select
    from pg_roles
    where rolname = 'sluice_admin'
      and rolcanlogin
      and not (rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls)
  ), 'a role without attributes that logs in';
  assert not pg_has_role('sluice_admin', 'sluice_owner', 'member'), 'it is no owner';
  assert not pg_has_role('sluice_admin', 'sluice_app', 'member'), 'it is not the program';
  assert (
    select count(*) = 3
    from pg_roles, unnest(rolconfig) as setting
    where rolname = 'sluice_admin'
      and setting ~ '^(statement|lock|idle_in_transaction_session)_timeout='
  ), 'time-outs are set';
end
$$;

set local role sluice_owner;

do $$
declare
  relation text;
begin
  assert exists (select from sluice.schema_change where name = 'admin'), 'recorded';
  foreach relation in array array['credential', 'virtual_model', 'model_route', 'surface', 'surface_key']
  loop
    assert has_table_privilege('sluice_admin', 'sluice.' || relation, 'select')
      and has_table_privilege('sluice_admin', 'sluice.' || relation, 'insert')
      and has_table_privilege('sluice_admin', 'sluice.' || relation, 'update')
      and has_table_privilege('sluice_admin', 'sluice.' || relation, 'delete'), 'edits ' || relation;
  end loop;
  assert has_table_privilege('sluice_admin', 'sluice.identity', 'insert'), 'makes service identities';
  assert has_column_privilege('sluice_admin', 'sluice.turn', 'id', 'select'), 'reads turns';
  assert not has_column_privilege('sluice_admin', 'sluice.turn', 'metadata', 'select'), 'reads no content';
  assert has_table_privilege('sluice_admin', 'sluice.node_status', 'select'), 'reads nodes';
  assert has_column_privilege('sluice_admin', 'sluice.turn', 'cancel_requested_at', 'update'), 'cancels turns';
  assert has_column_privilege('sluice_admin', 'sluice.node', 'voided_at', 'update'), 'voids nodes';
end
$$;

rollback;
