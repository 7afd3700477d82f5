-- Verify sluice:identity_merged_idx on pg

begin;

set local role sluice_owner;
set local plpgsql.check_asserts = on;

do $$
begin
  assert exists (select from sluice.schema_change where name = 'identity_merged_idx'), 'recorded';
  assert exists (
    select
    from pg_index
    where indexrelid = to_regclass('sluice.identity_merged_at_idx')
      and indisvalid
  ), 'merged identities are found';
end
$$;

rollback;
