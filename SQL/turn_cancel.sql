-- Called by a cancel on any node: the owner finds it within 500 ms. Repeating it changes nothing.
-- $1 turn, $2 identity
update sluice.turn
set cancel_requested_at = coalesce(cancel_requested_at, clock_timestamp())
where id = $1::uuid
  and identity_id = $2::uuid
  and state = 'streaming'
returning id
