-- Verify sluice:conversation_delete on pg

begin;

set local role sluice_owner;
set local plpgsql.check_asserts = on;

do $$
begin
  assert exists (select from sluice.schema_change where name = 'conversation_delete'), 'recorded';
  assert has_table_privilege('sluice_app', 'sluice.conversation', 'delete'), 'the program deletes conversations';
  assert has_table_privilege('sluice_app', 'sluice.turn_delta', 'delete'), 'the program deletes chunks';
  assert not has_table_privilege('sluice_app', 'sluice.message', 'delete'), 'messages go with their conversation only';
end
$$;

rollback;
