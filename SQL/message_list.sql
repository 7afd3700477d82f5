-- Called by GET /chat/conversations/{id}: messages of all branches, newest first, as many as a page may hold, at least
-- one; how many there were to choose from tells whether more follow.
-- $1 conversation, $2 identity, $3 microseconds since 1970 and $4 id of the last one that is known, or null,
-- $5 most messages, $6 most bytes of their parts
select
  page.id, page.parent_id, page.role, page.parts::text,
  (extract(epoch from page.created_at) * 1000000)::bigint as created_at,
  page.turn_id, t.state, t.finish_reason, page.found
from (
  select
    next.id, next.parent_id, next.role, next.parts, next.turn_id, next.created_at, next.size,
    row_number() over newest as place,
    sum(next.size) over newest - next.size as before,
    count(*) over () as found
  from (
    select m.id, m.parent_id, m.role, m.parts, m.turn_id, m.created_at, octet_length(m.parts::text) as size
    from sluice.conversation c
    join sluice.message m on m.conversation_id = c.id
    where c.id = $1::uuid
      and c.identity_id = $2::uuid
      and (m.created_at, m.id) < (
        coalesce(timestamptz 'epoch' + $3::bigint * interval '1 microsecond', 'infinity'),
        coalesce($4::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
      )
    order by m.created_at desc, m.id desc
    limit $5::int + 1
  ) as next
  window newest as (order by next.created_at desc, next.id desc)
) as page
left join sluice.turn t on t.id = page.turn_id
where page.place <= $5::int
  and (page.place = 1 or page.before + page.size <= $6::int)
order by page.place
