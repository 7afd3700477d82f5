-- Called by a node that shuts down with no live turn left: its lease ends now. A lease that lapses ends after its last
-- renewal, this one with it: so the others know that the node went by itself.
-- $1 incarnation
update sluice.node
set
  lease_until = moment.present,
  renewed_at = moment.present
from (select clock_timestamp() as present) moment
where incarnation = $1::uuid
  and voided_at is null
