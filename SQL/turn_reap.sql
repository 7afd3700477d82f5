-- Called by every node's reaper after voiding, until no row comes back: ends live turns of voided nodes. Called by a
-- node's caretaker with a list: ends those of its own turns that nobody runs.
-- Committed text is kept; who asked for a cancel gets it; a relaxed turn starts a new epoch so that every cursor of
-- the old one, which may have seen more than was committed, is reset.
-- A turn that another node may begin anew is left to turn_adopt.sql for half a minute. If none had a place for it until
-- then, it ends as well.
-- $1 most turns at once, $2 events of an interrupted turn's terminal chunk, $3 of a cancelled one's,
-- $4 null, or the owner of $5, $5 its turns
with doomed as materialized (
  select
    t.id, t.conversation_id, t.user_message_id, t.message_id, t.epoch,
    t.durability = 'relaxed' as relaxed,
    case when t.cancel_requested_at is null then 'interrupted' else 'cancelled' end as verdict,
    (extract(epoch from sluice.uuid_time(t.id))::numeric * 1000)::bigint / 86400000 % 8 as slot
  from sluice.turn t
  join sluice.node n on n.incarnation = t.owner
  where t.state = 'streaming'
    and case
      when $4::uuid is null then n.voided_at is not null and not (
        t.on_interrupt = 'restart'
        and t.restarts < 2
        and t.cancel_requested_at is null
        and n.voided_at > clock_timestamp() - interval '30 seconds'
        and sluice.uuid_time(t.id) > clock_timestamp() - interval '24 hours'
      )
      else t.owner = $4::uuid and t.id = any ($5::uuid[])
    end
  order by t.id
  limit $1::int
  for update of t skip locked
),
kept as materialized (
  select doomed.id as turn_id, delta.seq, delta.events
  from doomed
  join sluice.turn_delta delta
    on delta.turn_id = doomed.id
    and delta.epoch = doomed.epoch
    and delta.slot = doomed.slot
),
counted as (
  select turn_id, max(seq) as chunks
  from kept
  group by turn_id
),
spoken as (
  select kept.turn_id, string_agg(event ->> 'text', '' order by kept.seq, place) as text
  from kept
  cross join jsonb_array_elements(('[' || kept.events || ']')::jsonb) with ordinality as events (event, place)
  where event ->> 'type' = 'text'
  group by kept.turn_id
),
answer as materialized (
  select doomed.id as turn_id, coalesce(counted.chunks, 0) as chunks, spoken.text
  from doomed
  left join counted on counted.turn_id = doomed.id
  left join spoken on spoken.turn_id = doomed.id
),
copied as (
  insert into sluice.turn_delta (turn_id, epoch, seq, slot, events)
  select doomed.id, doomed.epoch + 1, kept.seq, doomed.slot, kept.events
  from doomed
  join kept on kept.turn_id = doomed.id
  where doomed.relaxed
  on conflict do nothing
),
closed as (
  insert into sluice.turn_delta (turn_id, epoch, seq, slot, events, final)
  select
    doomed.id, doomed.epoch + doomed.relaxed::int, answer.chunks + 1, doomed.slot,
    case doomed.verdict when 'cancelled' then $3::text else $2::text end, true
  from doomed
  join answer on answer.turn_id = doomed.id
  on conflict do nothing
),
said as (
  insert into sluice.message (conversation_id, id, parent_id, role, parts, turn_id)
  select
    doomed.conversation_id, doomed.message_id, doomed.user_message_id, 'assistant',
    jsonb_build_array(jsonb_build_object('type', 'text', 'text', answer.text)), doomed.id
  from doomed
  join answer on answer.turn_id = doomed.id
  where answer.text is not null
  on conflict (conversation_id, id) do nothing
),
freed as (
  update sluice.conversation
  set live_turn = null, updated_at = clock_timestamp()
  from doomed
  where conversation.id = doomed.conversation_id
    and conversation.live_turn = doomed.id
)
update sluice.turn
set
  state = doomed.verdict,
  epoch = doomed.epoch + doomed.relaxed::int,
  chunks = answer.chunks + 1,
  request = null,
  ended_at = clock_timestamp()
from doomed
join answer on answer.turn_id = doomed.id
where turn.id = doomed.id
returning turn.id, turn.state
