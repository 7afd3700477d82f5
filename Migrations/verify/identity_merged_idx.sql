-- Verify sluice:identity_merged_idx on pg

begin;

set local role sluice_owner;
set local plpgsql.check_asserts = on;

do $$
begin
  assert exists (select from sluice.schema_change where name = 'identity_merged_idx'), 'recorded';
  assert 2 = (
    select count(*)
    from pg_index
    where indexrelid in (to_regclass('sluice.identity_merged_at_idx'), to_regclass('sluice.identity_merged_into_idx'))
      and indisvalid
  ), 'merged identities are found';
end
$$;

rollback;
