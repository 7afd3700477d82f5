-- Called by every node's reaper once a second: voids the nodes whose lease has lapsed, by this server's clock alone.
-- Only a node that has had one full lease of unbroken contact, up to now, may judge: when this server or the network
-- stood still, every lease lapses at once, and whoever is heard first must not take the others for dead.
-- Says of each whether it had left by itself, as node_leave.sql marks it.
-- A node whose flush is under way is skipped until the next second; one that renewed meanwhile stays.
-- $1 the caller's incarnation, $2 lease in ms
with dead as materialized (
  select node.incarnation
  from sluice.node
  join sluice.node judge
    on judge.incarnation = $1::uuid
    and judge.voided_at is null
    and judge.lease_until > clock_timestamp()
    and judge.renewed_at > clock_timestamp() - interval '5 seconds'
    and judge.contact_since < clock_timestamp() - $2::int * interval '1 millisecond'
  where node.voided_at is null
    and node.lease_until < clock_timestamp()
    and node.incarnation <> judge.incarnation
  for update of node skip locked
)
update sluice.node
set voided_at = clock_timestamp()
from dead
where node.incarnation = dead.incarnation
  and node.lease_until < clock_timestamp()
returning node.incarnation, node.host, node.lease_until <= node.renewed_at as departed
