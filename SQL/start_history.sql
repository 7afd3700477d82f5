-- Last statement of a start: the messages from the user's new one back to the root, newest first, at most
-- history_limit of them. None if the turn has ended already: this start came too late.
-- $1 turn
with recursive start as (
  select t.conversation_id, t.user_message_id, coalesce(m.history_limit, 1) as history_limit
  from sluice.turn t
  left join sluice.virtual_model m on m.name = t.model_name
  where t.id = $1::uuid
    and t.state = 'streaming'
),
chain as (
  select m.conversation_id, m.id, m.parent_id, m.role, m.parts, 1 as depth
  from start
  join sluice.message m on m.conversation_id = start.conversation_id and m.id = start.user_message_id
  union all
  select m.conversation_id, m.id, m.parent_id, m.role, m.parts, chain.depth + 1
  from chain
  cross join start
  join sluice.message m on m.conversation_id = chain.conversation_id and m.id = chain.parent_id
  where chain.depth < start.history_limit
)
select
  chain.role,
  (
    select string_agg(part ->> 'text', '' order by place)
    from jsonb_array_elements(chain.parts) with ordinality as parts (part, place)
    where part ->> 'type' = 'text'
  ) as text
from chain
order by chain.depth
