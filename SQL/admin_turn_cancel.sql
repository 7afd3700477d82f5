-- Called by `sluice turn cancel`: the owner finds it within 500 ms. Repeating it changes nothing.
-- $1 turn
update sluice.turn
set cancel_requested_at = coalesce(cancel_requested_at, clock_timestamp())
where id = $1::uuid
  and state = 'streaming'
