-- Called by polls, cancels and repeated starts of a turn that is not in this node's memory.
-- $1 turn
select
  t.identity_id, t.conversation_id, t.surface_id, t.message_id, t.state, t.epoch, t.chunks, t.finish_reason,
  t.error ->> 'code', t.error ->> 'message', (t.error ->> 'retryable')::boolean,
  (t.usage ->> 'input_tokens')::int, (t.usage ->> 'output_tokens')::int,
  (t.usage ->> 'cached_tokens')::int, (t.usage ->> 'reasoning_tokens')::int,
  coalesce(n.voided_at is null and n.lease_until > clock_timestamp(), false) as owner_lives,
  t.created_at < clock_timestamp() - interval '5 days' as compacted
from sluice.turn t
left join sluice.node n on n.incarnation = t.owner
where t.id = $1::uuid
