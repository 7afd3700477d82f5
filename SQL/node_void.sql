-- Called by every node's reaper once a second: voids the nodes whose lease has lapsed, by this server's clock alone.
-- The row lock waits for flushes under way; a node that renewed meanwhile stays.
-- $1 the caller's incarnation
with dead as materialized (
  select incarnation
  from sluice.node
  where voided_at is null
    and lease_until < clock_timestamp()
    and incarnation <> $1::uuid
  for update skip locked
)
update sluice.node
set voided_at = clock_timestamp()
from dead
where node.incarnation = dead.incarnation
  and node.lease_until < clock_timestamp()
returning node.incarnation
