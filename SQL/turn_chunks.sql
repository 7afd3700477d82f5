-- Called by polls of a turn that has ended: the next chunks.
-- $1 turn, $2 epoch, $3 chunks read so far, $4 slot
select seq, events
from sluice.turn_delta
where turn_id = $1::uuid
  and epoch = $2::int
  and seq > $3::int
  and slot = $4::smallint
order by seq
limit 512
