-- Second statement of a delete: all that holds content, if no turn is live in the conversation. Messages go with it by
-- their foreign key. Its turns stay for reports, without what the client gave them; idempotency rows bear the
-- created_at of the turn that was written with them.
-- $1 conversation, $2 identity
with doomed as materialized (
  select id
  from sluice.conversation
  where id = $1::uuid
    and identity_id = $2::uuid
    and live_turn is null
),
emptied as (
  update sluice.turn
  set metadata = '{}', request = null
  from doomed
  where turn.conversation_id = doomed.id
  returning
    turn.id, turn.identity_id, turn.created_at,
    (extract(epoch from sluice.uuid_time(turn.id))::numeric * 1000)::bigint / 86400000 % 8 as slot
),
unlogged as (
  delete from sluice.turn_delta
  using emptied
  where turn_delta.turn_id = emptied.id
    and turn_delta.slot = emptied.slot
),
forgotten as (
  delete from sluice.idempotency
  using emptied
  where idempotency.created_at = emptied.created_at
    and idempotency.identity_id = emptied.identity_id
    and idempotency.turn_id = emptied.id
),
removed as (
  delete from sluice.conversation
  using doomed
  where conversation.id = doomed.id
)
select id
from emptied
