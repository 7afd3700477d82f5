-- Called by `sluice identity link`: what is there stays, and says so by its constraint.
-- $1 identity, $2 surface, $3 external id
with own as materialized (
  select id
  from sluice.identity
  where id = $1::uuid
    and kind <> 'service'
    and merged_into is null
    and erased_at is null
  -- A merge waits for us, or we for it.
  for key share
)
insert into sluice.identity_link (surface_id, external_id, identity_id)
select $2::uuid, $3::text, own.id
from own
