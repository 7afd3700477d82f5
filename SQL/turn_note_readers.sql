-- Called once a second, if there are any, by a node that serves other nodes' live turns: those that somebody reads here
-- and that are cancelled when nobody does. Each turn comes every 5 s. Who holds a row says the same, or ends the turn.
-- $1 turns
with read as materialized (
  select id
  from sluice.turn
  where id = any ($1::uuid[])
    and state = 'streaming'
  order by id
  for no key update skip locked
)
update sluice.turn
set read_at = clock_timestamp()
from read
where turn.id = read.id
