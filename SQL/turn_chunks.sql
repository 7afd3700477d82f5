-- Called by readers and repeated starts of a turn that has ended: the next chunks, as many as a reply may hold and one
-- more.
-- $1 turn, $2 epoch, $3 chunks read so far, $4 slot
select seq, events
from (
  select seq, events, sum(octet_length(events)) over (order by seq) - octet_length(events) as before
  from (
    select seq, events
    from sluice.turn_delta
    where turn_id = $1::uuid
      and epoch = $2::int
      and seq > $3::int
      and slot = $4::smallint
    order by seq
    limit 512
  ) as next
) as summed
where before <= 65536
order by seq
