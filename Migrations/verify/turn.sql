-- Verify sluice:turn on pg

begin;

set local role sluice_owner;
set local plpgsql.check_asserts = on;

select
  id, conversation_id, identity_id, surface_id, user_message_id, message_id, model_name, route_id, durability,
  on_interrupt, owner, state, epoch, chunks, finish_reason, error, usage, metadata, created_at, ended_at,
  cancel_requested_at
from sluice.turn
where false;

select identity_id, key, turn_id, body_hash, created_at
from sluice.idempotency
where false;

do $$
begin
  assert exists (select from sluice.schema_change where name = 'turn'), 'recorded';
  assert to_regclass('sluice.turn_live_idx') is not null, 'live turns are found by owner';
  assert to_regclass('sluice.turn_conversation_id_created_at_idx') is not null, 'turns are found by conversation';
  assert to_regclass('sluice.turn_identity_id_created_at_idx') is not null, 'turns are found by identity';
  assert to_regclass('sluice.idempotency_created_at_idx') is not null, 'expired keys are found';
  assert has_table_privilege('sluice_app', 'sluice.turn', 'update'), 'the program ends turns';
  assert not has_table_privilege('sluice_app', 'sluice.turn', 'delete'), 'the program deletes no turns';
  assert has_table_privilege('sluice_app', 'sluice.idempotency', 'delete'), 'the program deletes expired keys';
end
$$;

rollback;
