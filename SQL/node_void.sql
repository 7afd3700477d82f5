-- Called by every node's reaper once a second: voids the nodes whose lease has lapsed, by this server's clock alone.
-- Only a node whose own lease holds may judge: a server that stood still lets every lease lapse at once.
-- The row lock waits for flushes under way; a node that renewed meanwhile stays.
-- $1 the caller's incarnation
with dead as materialized (
  select node.incarnation
  from sluice.node
  join sluice.node judge
    on judge.incarnation = $1::uuid
    and judge.voided_at is null
    and judge.lease_until > clock_timestamp()
  where node.voided_at is null
    and node.lease_until < clock_timestamp()
  for update of node skip locked
)
update sluice.node
set voided_at = clock_timestamp()
from dead
where node.incarnation = dead.incarnation
  and node.lease_until < clock_timestamp()
returning node.incarnation
