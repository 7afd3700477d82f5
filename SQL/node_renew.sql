-- Called by every node every 3 s. A plain update of a non-key column: it never waits for the fences of flushes.
-- A lapsed row that nobody voided is renewed; no row means: voided.
-- $1 incarnation, $2 lease in ms
update sluice.node
set lease_until = clock_timestamp() + $2::int * interval '1 millisecond'
where incarnation = $1::uuid
  and voided_at is null
returning incarnation
