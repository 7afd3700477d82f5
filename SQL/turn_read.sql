-- Called by readers, cancels and repeated starts of a turn that is not in this node's memory.
-- $1 turn
select
  t.identity_id, t.conversation_id, t.surface_id, t.message_id, t.state, t.epoch, t.chunks, t.finish_reason,
  t.error ->> 'code', t.error ->> 'message', (t.error ->> 'retryable')::boolean,
  (t.usage ->> 'input_tokens')::bigint, (t.usage ->> 'output_tokens')::bigint,
  (t.usage ->> 'cached_tokens')::bigint, (t.usage ->> 'reasoning_tokens')::bigint,
  exists (
    select from sluice.message m
    where m.conversation_id = t.conversation_id
      and m.id = t.message_id
  ) as answered,
  sluice.uuid_time(t.id) < clock_timestamp() - interval '5 days' as compacted,
  not exists (
    select from sluice.conversation c
    where c.id = t.conversation_id
  ) as purged,
  t.user_message_id, t.abandon_after_ms, (t.usage ->> 'estimated')::boolean
from sluice.turn t
where t.id = $1::uuid
