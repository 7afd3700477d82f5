-- Called by GET /chat/conversations: an identity's conversations, on whatever surface they began, newest first.
-- The title is the beginning of the first user's message, on one line; a message that is large is not read for it.
-- $1 identity, $2 microseconds since 1970 and $3 id of the last one that is known, or null, $4 most conversations,
-- $5 most bytes of a message that is read for its title
select
  c.id, s.name,
  (extract(epoch from c.created_at) * 1000000)::bigint as created_at,
  (extract(epoch from c.updated_at) * 1000000)::bigint as updated_at,
  c.live_turn, nullif(first.title, '') as title
from sluice.conversation c
join sluice.surface s on s.id = c.surface_id
left join lateral (
  select
    case
      when pg_column_size(m.parts) <= $5::int then (
        select left(
          btrim(regexp_replace(left(string_agg(part ->> 'text', ' ' order by place), 400), '\s+', ' ', 'g')),
          80
        )
        from jsonb_array_elements(m.parts) with ordinality as item (part, place)
        where part ->> 'type' = 'text'
      )
    end as title
  from sluice.message m
  where m.conversation_id = c.id
    and m.role = 'user'
  order by m.created_at, m.id
  limit 1
) as first on true
where c.identity_id = $1::uuid
  and (c.updated_at, c.id) < (
    coalesce(timestamptz 'epoch' + $2::bigint * interval '1 microsecond', 'infinity'),
    coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
  )
order by c.updated_at desc, c.id desc
limit $4::int
