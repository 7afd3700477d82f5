-- Called by `sluice key add`, before admin_key_set in the same transaction: what has no default. Without an identity
-- the key gets a service identity of its own, named after the label.
-- $1 id, $2 object of column values
with given as (
  select surface_id, identity_id, hash, label
  from jsonb_populate_record(null::sluice.surface_key, $2::jsonb)
),
service as (
  insert into sluice.identity (kind, display_name)
  select 'service', label
  from given
  where identity_id is null
  returning id
)
insert into sluice.surface_key (id, surface_id, identity_id, hash, label)
select $1::uuid, given.surface_id, coalesce(given.identity_id, service.id), given.hash, given.label
from given
left join service on true
