-- Called when a node drains: whether another one can take over at once.
-- $1 incarnation
select exists (
  select from sluice.node
  where incarnation <> $1::uuid
    and voided_at is null
    and lease_until > clock_timestamp()
) as has_peers
