-- Called by `sluice turn`: the newest turns, each as one JSON object, without a word of their content.
-- $1 among which: recent, live, turn, conversation or identity, $2 and $3 bounds of the id that says which turn,
-- conversation or identity, $4 state or null for any, $5 most rows, 1000 at most, $6 how many of the newest are looked
-- at for recent ones in a state
with newest as (
  select id, state
  from sluice.turn
  where $1::text = 'recent'
  order by id desc
  limit $6::int
),
recent as (
  select id
  from newest
  where $4::text is null
    or state = $4::text
  limit 1000
),
live as (
  select id
  from sluice.turn
  where $1::text = 'live'
    and state = 'streaming'
  order by id desc
  limit 1000
),
named as (
  select id
  from sluice.turn
  where $1::text = 'turn'
    and id between $2::uuid and $3::uuid
  order by id desc
  limit 1000
),
of_conversation as (
  select id
  from sluice.turn
  where $1::text = 'conversation'
    and conversation_id between $2::uuid and $3::uuid
    and ($4::text is null or state = $4::text)
  order by id desc
  limit 1000
),
of_identity as (
  select id
  from sluice.turn
  where $1::text = 'identity'
    and identity_id between $2::uuid and $3::uuid
    and ($4::text is null or state = $4::text)
  order by id desc
  limit 1000
),
found as (
  table recent
  union all
  table live
  union all
  table named
  union all
  table of_conversation
  union all
  table of_identity
)
select row_to_json(turn)::text
from (
  select
    t.id, t.conversation_id, t.identity_id,
    (select display_name from sluice.identity where id = t.identity_id) as display_name,
    (select name from sluice.surface where id = t.surface_id) as surface,
    t.surface_id, t.user_message_id, t.message_id, t.model_name, t.route_id, t.durability, t.on_interrupt, t.owner,
    (select host from sluice.node where incarnation = t.owner) as host,
    t.state, t.epoch, t.chunks, t.finish_reason, t.error, t.usage, t.upstream, t.created_at, t.ended_at,
    t.cancel_requested_at, t.restarts, t.abandon_after_ms, t.read_at
  from found
  join sluice.turn t on t.id = found.id
  order by t.id desc
  limit $5::int
) as turn
