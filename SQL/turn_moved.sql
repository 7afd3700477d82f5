-- Called once a second by a node that serves other nodes' live turns: which of them are in another epoch by now.
-- $1 turns, $2 epochs
select watch.place - 1 as place
from unnest($1::uuid[], $2::int[]) with ordinality as watch (turn_id, epoch, place)
join sluice.turn on turn.id = watch.turn_id
where turn.epoch <> watch.epoch
