-- Called by readers of compacted turns: the whole answer.
-- $1 turn
select (
  select string_agg(part ->> 'text', '' order by place)
  from jsonb_array_elements(m.parts) with ordinality as parts (part, place)
  where part ->> 'type' = 'text'
) as text
from sluice.turn t
join sluice.message m on m.conversation_id = t.conversation_id and m.id = t.message_id
where t.id = $1::uuid
