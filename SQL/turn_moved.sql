-- Called once a second by a node that serves other nodes' live turns: which of them the tail query finds nothing more
-- of. They are in another epoch by now, or ended without a terminal chunk to be found, or their conversation was deleted.
-- $1 turns, $2 epochs, $3 slots
select watch.place - 1 as place
from unnest($1::uuid[], $2::int[], $3::smallint[]) with ordinality as watch (turn_id, epoch, slot, place)
left join sluice.turn on turn.id = watch.turn_id
where turn.epoch is distinct from watch.epoch
  or turn.state <> 'streaming' and not exists (
    select from sluice.turn_delta delta
    where delta.turn_id = watch.turn_id
      and delta.epoch = watch.epoch
      and delta.seq = turn.chunks
      and delta.slot = watch.slot
  )
  or not exists (
    select from sluice.conversation
    where conversation.id = turn.conversation_id
  )
