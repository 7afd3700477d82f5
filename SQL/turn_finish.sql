-- Called by the flusher once a turn: the last chunks with the terminal one, the final message, the turn's end and the
-- release of the conversation, together or not at all. Repeated unchanged when its outcome is unknown: then the turn
-- is found ended, which is success.
-- $1 incarnation, $2 turn, $3 epoch, $4 slot, $5 chunk numbers, $6 events, $7 state, $8 finish reason or null,
-- $9 error or null, $10 usage or null, $11 text, null for no message,
-- $12 route or null, $13 how the providers were asked, or null
with fence as materialized (
  select 1
  from sluice.node
  where incarnation = $1::uuid
    and voided_at is null
    and lease_until > clock_timestamp()
  for key share
),
ended as (
  update sluice.turn
  set
    state = $7::text,
    finish_reason = $8::text,
    error = $9::jsonb,
    usage = $10::jsonb,
    route_id = coalesce($12::uuid, turn.route_id),
    upstream = $13::jsonb,
    request = null,
    chunks = ($5::int[])[cardinality($5::int[])],
    ended_at = clock_timestamp()
  from fence
  where turn.id = $2::uuid
    and turn.owner = $1::uuid
    and turn.state = 'streaming'
  returning turn.id, turn.conversation_id, turn.user_message_id, turn.message_id
),
written as (
  insert into sluice.turn_delta (turn_id, epoch, seq, slot, events, final)
  select ended.id, $3::int, chunk.seq, $4::smallint, chunk.events, chunk.seq = ($5::int[])[cardinality($5::int[])]
  from ended
  cross join unnest($5::int[], $6::text[]) as chunk (seq, events)
  on conflict do nothing
),
said as (
  insert into sluice.message (conversation_id, id, parent_id, role, parts, turn_id)
  select
    ended.conversation_id, ended.message_id, ended.user_message_id, 'assistant',
    jsonb_build_array(jsonb_build_object('type', 'text', 'text', $11::text)), ended.id
  from ended
  where $11::text is not null
  on conflict (conversation_id, id) do nothing
),
freed as (
  update sluice.conversation
  set live_turn = null, updated_at = clock_timestamp()
  from ended
  where conversation.id = ended.conversation_id
    and conversation.live_turn = ended.id
)
select
  (select count(*) from fence) as fenced,
  (select count(*) from ended) as ended,
  (select state from sluice.turn where id = $2::uuid and owner = $1::uuid) as former_state
