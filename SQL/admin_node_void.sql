-- Called by `sluice node remove`: takes the lease of a node that has let it lapse, for good; then every node's reaper
-- ends its turns. Waits for a flush of that node which is under way, and finds out whether it renewed meanwhile.
-- $1 incarnation
with dead as materialized (
  select incarnation
  from sluice.node
  where incarnation = $1::uuid
    and voided_at is null
    and lease_until < clock_timestamp()
  for update
)
update sluice.node
set voided_at = clock_timestamp()
from dead
where node.incarnation = dead.incarnation
  and node.lease_until < clock_timestamp()
