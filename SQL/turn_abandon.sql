-- Called once a second, if there are any, by an owner for its turns that had no reader on its own node for their limit:
-- asks for the end of those that had none on another node either. What other nodes say of readers is up to $3 old.
-- $1 turns, $2 incarnation, $3 milliseconds
with unread as materialized (
  select id
  from sluice.turn
  where id = any ($1::uuid[])
    and owner = $2::uuid
    and state = 'streaming'
    and cancel_requested_at is null
    and (
      read_at is null
      or read_at < clock_timestamp() - (abandon_after_ms + $3::int) * interval '1 millisecond'
    )
  order by id
  for no key update skip locked
)
update sluice.turn
set cancel_requested_at = clock_timestamp()
from unread
where turn.id = unread.id
returning turn.id
