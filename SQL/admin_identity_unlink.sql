-- Called by `sluice identity unlink`.
-- $1 surface, $2 external id
delete from sluice.identity_link
where surface_id = $1::uuid
  and external_id = $2::text
