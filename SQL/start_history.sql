-- Last statement of a start: the messages from the user's new one back towards the root, newest first. That one always
-- comes; older ones as long as all together keep within the model's limits and the program's own, and in whole turns:
-- the oldest one is a user's. None if the turn has ended already, as this start came too late, or is not its node's.
-- $1 turn, $2 bytes of text to an estimated token, $3 estimated tokens of an image, $4 most bytes of all parts,
-- $5 incarnation
with recursive start as materialized (
  select
    t.conversation_id, t.user_message_id,
    coalesce(m.history_limit, 1) as most_messages,
    coalesce(m.history_token_limit, 2147483647) as most_tokens
  from sluice.turn t
  left join sluice.virtual_model m on m.name = t.model_name
  where t.id = $1::uuid
    and t.state = 'streaming'
    and t.owner = $5::uuid
),
chain as (
  select
    0 as depth, user_message_id as next, 0::bigint as tokens, 0::bigint as bytes, null::text as role,
    null::text as parts
  from start
  union all
  select
    chain.depth + 1, m.parent_id, chain.tokens + size.tokens, chain.bytes + octet_length(size.parts), m.role, size.parts
  from chain
  cross join start
  join sluice.message m on m.conversation_id = start.conversation_id and m.id = chain.next
  cross join lateral (
    select
      m.parts::text as parts,
      coalesce((sum(octet_length(part ->> 'text')) filter (where part ->> 'type' = 'text') + $2::int - 1) / $2::int, 0)
        + count(*) filter (where part ->> 'type' = 'image') * $3::int as tokens
    from jsonb_array_elements(m.parts) as item (part)
  ) as size
  where chain.depth = 0
    or chain.depth < start.most_messages
    and chain.tokens + size.tokens <= start.most_tokens
    and chain.bytes + octet_length(size.parts) <= $4::int
)
select role, parts
from chain
where depth between 1 and (select max(depth) from chain where role = 'user')
order by depth
