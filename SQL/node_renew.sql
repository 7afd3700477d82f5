-- Called by every node every 3 s. A plain update of non-key columns: it never waits for the fences of flushes.
-- A lapsed row that nobody voided is renewed; no row means: voided. A gap of more than 5 s begins the contact anew.
-- $1 incarnation, $2 lease in ms
update sluice.node
set
  lease_until = clock_timestamp() + $2::int * interval '1 millisecond',
  contact_since = case
    when renewed_at > clock_timestamp() - interval '5 seconds' then contact_since
    else clock_timestamp()
  end,
  renewed_at = clock_timestamp()
where incarnation = $1::uuid
  and voided_at is null
returning incarnation
