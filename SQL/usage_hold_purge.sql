-- Called by every node once an hour, until fewer than the limit come back: what was reserved for turns that do not run. A
-- turn gives it back with its end, so that there is none, unless a turn was deleted.
-- $1 most reservations at once
with old as (
  select hold.subject_id, hold.turn_id
  from sluice.usage_hold as hold
  where sluice.uuid_time(hold.turn_id) < now() - interval '1 minute'
    and not exists (
      select from sluice.turn
      where turn.id = hold.turn_id
        and turn.state = 'streaming'
    )
  order by hold.turn_id
  limit $1::int
  for update skip locked
)
delete from sluice.usage_hold
using old
where usage_hold.subject_id = old.subject_id
  and usage_hold.turn_id = old.turn_id
