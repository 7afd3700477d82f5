-- Called by every node's caretaker every 5 s: the turns it should be running.
-- $1 incarnation
select id
from sluice.turn
where owner = $1::uuid
  and state = 'streaming'
