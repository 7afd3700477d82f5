-- Called by a node that shuts down with no live turn left: its lease ends now.
-- $1 incarnation
update sluice.node
set lease_until = clock_timestamp()
where incarnation = $1::uuid
  and voided_at is null
