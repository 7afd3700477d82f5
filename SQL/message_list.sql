-- Called by GET /chat/conversations/{id}: messages of all branches, newest first, as many as a page may hold, at least
-- one. It goes from one to the next older one and reads their parts only until the page is full: one more than it
-- returns.
-- $1 conversation, $2 identity, $3 microseconds since 1970 and $4 id of the last one that is known, or null,
-- $5 most messages, $6 most bytes of their parts
with recursive page as (
  select 1 as place, first.*, octet_length(first.parts)::bigint as bytes
  from sluice.conversation c
  cross join lateral (
    select m.id, m.parent_id, m.role, m.parts::text as parts, m.turn_id, m.created_at
    from sluice.message m
    where m.conversation_id = c.id
      and (m.created_at, m.id) < (
        coalesce(timestamptz 'epoch' + $3::bigint * interval '1 microsecond', 'infinity'),
        coalesce($4::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
      )
    order by m.created_at desc, m.id desc
    limit 1
  ) as first
  where c.id = $1::uuid
    and c.identity_id = $2::uuid
  union all
  select page.place + 1, next.*, page.bytes + octet_length(next.parts)
  from page
  cross join lateral (
    select m.id, m.parent_id, m.role, m.parts::text as parts, m.turn_id, m.created_at
    from sluice.message m
    where m.conversation_id = $1::uuid
      and (m.created_at, m.id) < (page.created_at, page.id)
    order by m.created_at desc, m.id desc
    limit 1
  ) as next
  where page.place < $5::int
    and page.bytes <= $6::int
),
shown as materialized (
  select *
  from page
  where place = 1
    or bytes <= $6::int
)
select
  shown.id, shown.parent_id, shown.role, shown.parts,
  (extract(epoch from shown.created_at) * 1000000)::bigint as created_at,
  shown.turn_id, t.state, t.finish_reason,
  exists (
    select from sluice.message m
    where m.conversation_id = $1::uuid
      and (m.created_at, m.id) < (shown.created_at, shown.id)
  ) as more
from shown
left join sluice.turn t on t.id = shown.turn_id
order by shown.place
