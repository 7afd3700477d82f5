-- Called by every node's flusher, up to 500 times a second: the chunks that gathered in all its turns, fenced by the
-- node's own row. Sent again byte for byte when its outcome is unknown, hence `do nothing`.
-- $1 incarnation, $2 turns, $3 epochs, $4 chunk numbers, $5 slots, $6 events
with fence as materialized (
  select 1
  from sluice.node
  where incarnation = $1::uuid
    and voided_at is null
    and lease_until > clock_timestamp()
  for key share
),
written as (
  insert into sluice.turn_delta (turn_id, epoch, seq, slot, events)
  select chunk.*
  from fence
  cross join unnest($2::uuid[], $3::int[], $4::int[], $5::smallint[], $6::text[]) as chunk
  on conflict do nothing
)
select count(*) as fenced
from fence
