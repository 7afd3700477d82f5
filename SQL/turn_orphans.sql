-- Called by every node's reaper once a second: live turns of voided nodes that a node with room for them may begin anew.
-- What the reaper ends by itself, turn_reap.sql, is not among them.
-- $1 most at once
select t.id, t.epoch, t.surface_id, t.model_name
from sluice.turn t
join sluice.node n on n.incarnation = t.owner
where t.state = 'streaming'
  and t.on_interrupt = 'restart'
  and t.restarts < 2
  and t.cancel_requested_at is null
  and n.voided_at is not null
  and sluice.uuid_time(t.id) > clock_timestamp() - interval '24 hours'
  and exists (
    select from sluice.virtual_model m
    join sluice.model_route r on r.model_id = m.id and r.enabled
    where m.name = t.model_name
      and m.enabled
  )
order by t.id
limit $1::int
