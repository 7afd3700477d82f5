-- Verify sluice:message_parent_idx on pg

begin;

set local role sluice_owner;
set local plpgsql.check_asserts = on;

do $$
begin
  assert exists (select from sluice.schema_change where name = 'message_parent_idx'), 'recorded';
  assert exists (
    select
    from pg_index
    where indexrelid = to_regclass('sluice.message_conversation_id_parent_id_idx')
      and indisvalid
  ), 'the messages that follow one are found';
end
$$;

rollback;
