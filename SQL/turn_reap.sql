-- Called by every node's reaper after voiding, until no row comes back: ends live turns of voided nodes. Called by a
-- node's caretaker with a list: ends those of its own turns that nobody runs.
-- Committed text is kept; who asked for a cancel gets it; a relaxed turn starts a new epoch so that every cursor of
-- the old one, which may have seen more than was committed, is reset.
-- What it used is estimated: its node, which knew better, has not said.
-- A turn that another node may begin anew is left to turn_adopt.sql for half a minute. If none had a place for it until
-- then, it ends as well.
-- $1 most turns at once, $2 events of an interrupted turn's terminal chunk, $3 of a cancelled one's,
-- $4 null, or the owner of $5, $5 its turns, $6 bytes of text to an estimated token, $7 estimated tokens of an image
with recursive doomed as materialized (
  select
    t.id, t.conversation_id, t.user_message_id, t.message_id, t.epoch, t.model_name, t.request,
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
  select
    kept.turn_id,
    string_agg(event ->> 'text', '' order by kept.seq, place) filter (where event ->> 'type' = 'text') as text,
    sum(octet_length(coalesce(event ->> 'text', event ->> 'arguments', ''))) as bytes
  from kept
  cross join jsonb_array_elements(('[' || kept.events || ']')::jsonb) with ordinality as events (event, place)
  group by kept.turn_id
),
chain as (
  -- What was sent, as start_history.sql has it.
  select
    doomed.id as turn_id, doomed.conversation_id, doomed.user_message_id as next, 0 as depth, 0::bigint as tokens,
    coalesce(model.history_limit, 1) as most_messages, coalesce(model.history_token_limit, 2147483647) as most_tokens
  from doomed
  left join sluice.virtual_model model on model.name = doomed.model_name
  union all
  select
    chain.turn_id, chain.conversation_id, m.parent_id, chain.depth + 1, chain.tokens + size.tokens,
    chain.most_messages, chain.most_tokens
  from chain
  join sluice.message m on m.conversation_id = chain.conversation_id and m.id = chain.next
  cross join lateral (
    select
      coalesce((sum(octet_length(part ->> 'text')) filter (where part ->> 'type' = 'text') + $6::int - 1) / $6::int, 0)
        + count(*) filter (where part ->> 'type' = 'image') * $7::int as tokens
    from jsonb_array_elements(m.parts) as item (part)
  ) as size
  where chain.depth = 0
    or chain.depth < chain.most_messages
    and chain.tokens + size.tokens <= chain.most_tokens
),
sent as (
  select turn_id, max(tokens) as tokens
  from chain
  group by turn_id
),
answer as materialized (
  select
    doomed.id as turn_id, coalesce(counted.chunks, 0) as chunks, spoken.text,
    -- Of its own turns that nobody runs, a node has asked no provider.
    case
      when $4::uuid is null or spoken.bytes > 0 then jsonb_build_object(
        'input_tokens',
        greatest(sent.tokens, octet_length(doomed.request::text) / $6::int)
          + case
            when model.nopreprompt then 0
            else octet_length(concat(model.system_prompt, model.prefix_prompt)) / $6::int
          end,
        'output_tokens', (coalesce(spoken.bytes, 0) + $6::int - 1) / $6::int,
        'estimated', true
      )
    end as usage
  from doomed
  join sent on sent.turn_id = doomed.id
  left join sluice.virtual_model model on model.name = doomed.model_name
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
    coalesce('{"type":"usage","usage":' || answer.usage::text || '},', '')
      || case doomed.verdict when 'cancelled' then $3::text else $2::text end,
    true
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
  usage = answer.usage,
  request = null,
  ended_at = clock_timestamp()
from doomed
join answer on answer.turn_id = doomed.id
where turn.id = doomed.id
returning turn.id, turn.state
