-- Called by `sluice turn show --content`, by a role that may read content: what the user said, the answer, and the
-- committed text of the present epoch as far as the log is kept.
-- $1 turn
select row_to_json(content)::text
from (
  select
    t.metadata,
    (
      select m.parts
      from sluice.message m
      where m.conversation_id = t.conversation_id
        and m.id = t.user_message_id
    ) as user_message,
    (
      select m.parts
      from sluice.message m
      where m.conversation_id = t.conversation_id
        and m.id = t.message_id
    ) as message,
    (
      select string_agg(event ->> 'text', '' order by d.seq, place)
      from sluice.turn_delta d
      cross join jsonb_array_elements(('[' || d.events || ']')::jsonb) with ordinality as events (event, place)
      where d.turn_id = t.id
        and d.epoch = t.epoch
        and d.slot = (extract(epoch from sluice.uuid_time(t.id))::numeric * 1000)::bigint / 86400000 % 8
        and event ->> 'type' = 'text'
    ) as text
  from sluice.turn t
  where t.id = $1::uuid
) as content
