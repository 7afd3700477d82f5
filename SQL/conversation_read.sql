-- Called by GET /chat/conversations/{id}: what a conversation is, and the turn that streams in it now.
-- $1 conversation, $2 identity
select
  s.name,
  (extract(epoch from c.created_at) * 1000000)::bigint as created_at,
  (extract(epoch from c.updated_at) * 1000000)::bigint as updated_at,
  t.id as live_turn, t.epoch
from sluice.conversation c
join sluice.surface s on s.id = c.surface_id
left join sluice.turn t on t.id = c.live_turn and t.state = 'streaming'
where c.id = $1::uuid
  and c.identity_id = $2::uuid
