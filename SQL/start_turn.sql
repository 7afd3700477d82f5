-- Third statement of a start: the user's message and the turn, if the conversation was taken.
-- The message follows the one that was named and found by the first statement, none, or the newest of the conversation.
-- The model was resolved by the first statement; should it vanish in between, the turn is written all the same: a taken
-- conversation must have its turn. A repetition that comes when the turn has run and ended already must not keep the
-- conversation, nor what was reserved for it: it gives both back.
-- $1 turn, $2 conversation, $3 identity, $4 surface, $5 user message, $6 parts, $7 assistant message,
-- $8 incarnation, $9 model or null, $10 metadata, $11 message follows none, $12 message that it follows, or null,
-- $13 what the client sent beside the message, or null: kept until the end if another node may have to begin anew
with stale as materialized (
  select id
  from sluice.turn
  where id = $1::uuid
    and state <> 'streaming'
),
freed as (
  update sluice.conversation
  set live_turn = null
  from stale
  where conversation.id = $2::uuid
    and conversation.live_turn = stale.id
),
unheld as (
  delete from sluice.usage_hold
  using stale
  where usage_hold.turn_id = stale.id
),
mine as materialized (
  select id
  from sluice.conversation
  where id = $2::uuid
    and live_turn = $1::uuid
    and not exists (select from stale)
),
said as (
  insert into sluice.message (conversation_id, id, parent_id, role, parts, turn_id)
  select
    mine.id, $5::uuid,
    case
      when $11::boolean then null
      when $12::uuid is not null then $12::uuid
      else (
        select m.id
        from sluice.message m
        where m.conversation_id = $2::uuid
          and m.id <> $5::uuid
        order by m.created_at desc, m.id desc
        limit 1
      )
    end,
    'user', $6::jsonb, $1::uuid
  from mine
  on conflict (conversation_id, id) do nothing
)
insert into sluice.turn (
  id, conversation_id, identity_id, surface_id, user_message_id, message_id,
  model_name, durability, on_interrupt, abandon_after_ms, owner, metadata, request
)
select
  $1::uuid, mine.id, $3::uuid, $4::uuid, $5::uuid, $7::uuid,
  coalesce(m.name, $9::text, ''), coalesce(m.durability, 'commit'), coalesce(m.on_interrupt, 'keep'),
  m.abandon_after_ms, $8::uuid, $10::jsonb, case when m.on_interrupt = 'restart' then $13::jsonb end
from mine
left join sluice.surface s on s.id = $4::uuid
left join sluice.virtual_model m on m.name = coalesce($9::text, s.default_model)
on conflict (id) do nothing
