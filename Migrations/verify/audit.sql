-- Verify sluice:audit on pg

begin;

set local role sluice_owner;
set local plpgsql.check_asserts = on;

select at, id, login, role, application, address, relation, operation, row_key, changes
from sluice.audit
where false;

do $$
begin
  assert (
    select count(*) = 17
    from pg_trigger
    where tgfoid = to_regprocedure('sluice.audit_enter()')
      and tgenabled = 'O'
  ), 'what operators edit is watched';
  assert has_table_privilege('sluice_admin', 'sluice.audit', 'select'), 'operators read it';
  assert not has_table_privilege('sluice_admin', 'sluice.audit', 'insert')
    and not has_table_privilege('sluice_admin', 'sluice.audit', 'update')
    and not has_table_privilege('sluice_admin', 'sluice.audit', 'delete'), 'and change nothing in it';
  assert exists (select from sluice.schema_change where name = 'audit'), 'recorded';
end
$$;

rollback;
