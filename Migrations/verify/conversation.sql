-- Verify sluice:conversation on pg

begin;

set local role sluice_owner;
set local plpgsql.check_asserts = on;

select id, identity_id, surface_id, live_turn, created_at, updated_at
from sluice.conversation
where false;

select conversation_id, id, parent_id, role, parts, turn_id, created_at
from sluice.message
where false;

do $$
begin
  assert exists (select from sluice.schema_change where name = 'conversation'), 'recorded';
  assert to_regclass('sluice.conversation_identity_id_updated_at_idx') is not null,
    'conversations are found by identity';
  assert to_regclass('sluice.message_conversation_id_created_at_idx') is not null,
    'the newest message is found by an index';
  assert has_table_privilege('sluice_app', 'sluice.conversation', 'update'), 'the program sets the live turn';
  assert has_table_privilege('sluice_app', 'sluice.message', 'insert'), 'the program writes messages';
  assert not has_table_privilege('sluice_app', 'sluice.message', 'update'), 'messages never change';
end
$$;

rollback;
