-- Verify sluice:conversation_surface_idx on pg

begin;

set local role sluice_owner;
set local plpgsql.check_asserts = on;

do $$
begin
  assert exists (select from sluice.schema_change where name = 'conversation_surface_idx'), 'recorded';
  assert exists (
    select
    from pg_index
    where indexrelid = to_regclass('sluice.conversation_surface_id_updated_at_idx')
      and indisvalid
  ), 'old conversations of a surface are found';
end
$$;

rollback;
