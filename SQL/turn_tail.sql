-- Called every 25 ms by a node that serves other nodes' live turns: the next chunks of all turns it watches.
-- $1 turns, $2 epochs, $3 chunks read so far, $4 slots
select watch.place - 1 as place, chunk.seq, chunk.final, chunk.events
from unnest($1::uuid[], $2::int[], $3::int[], $4::smallint[])
  with ordinality as watch (turn_id, epoch, seq, slot, place)
cross join lateral (
  select delta.seq, delta.final, delta.events
  from sluice.turn_delta delta
  where delta.turn_id = watch.turn_id
    and delta.epoch = watch.epoch
    and delta.seq > watch.seq
    and delta.slot = watch.slot
  order by delta.seq
  limit 16
) as chunk
order by watch.place, chunk.seq
