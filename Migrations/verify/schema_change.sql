-- Verify sluice:schema_change on pg

begin;

set local role sluice_owner;
set local plpgsql.check_asserts = on;

select name, min_binary, deployed_at
from sluice.schema_change
where false;

do $$
begin
  assert (
    select count(*) = 2
    from sluice.schema_change
    where name in ('roles', 'schema_change')
  ), 'recorded';
  assert has_schema_privilege('sluice_app', 'sluice', 'usage'), 'the program sees the schema';
  assert has_schema_privilege('sluice_report', 'sluice', 'usage'), 'reports see the schema';
  assert not has_schema_privilege('sluice_app', 'sluice', 'create'), 'the program creates nothing';
  assert has_table_privilege('sluice_app', 'sluice.schema_change', 'select'), 'the program reads what is deployed';
end
$$;

rollback;
