-- Called when a person takes back one of its links: who comes by it from then on is somebody new.
-- $1 identity, $2 surface's name, $3 external id
delete from sluice.identity_link
using sluice.surface
where surface.id = identity_link.surface_id
  and surface.name = $2::text
  and identity_link.external_id = $3::text
  and identity_link.identity_id = $1::uuid
returning identity_link.surface_id
