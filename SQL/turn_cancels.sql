-- Called by every owner every 500 ms: which of its live turns are to be cancelled.
-- $1 incarnation
select id
from sluice.turn
where owner = $1::uuid
  and state = 'streaming'
  and cancel_requested_at is not null
