-- Called by `sluice surface remove`: the surface and its keys. Refused as soon as one conversation or one link of an
-- identity points at it: then the command disables it instead.
-- $1 id
with unlocked as (
  delete from sluice.surface_key
  where surface_id = $1::uuid
)
delete from sluice.surface
where id = $1::uuid
