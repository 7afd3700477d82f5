-- Called by `sluice key rotate`, before admin_key_set of the new key in the same transaction: a key like the old one,
-- which ends after a while, unless it ends before. A revoked key has no successor.
-- $1 id of the new key, $2 id of the old one, $3 hash of the new one, $4 seconds that the old one still holds
with old as (
  update sluice.surface_key
  set expires_at = least(expires_at, now() + $4::bigint * interval '1 second')
  where id = $2::uuid
    and revoked_at is null
  returning surface_id, identity_id, label
)
insert into sluice.surface_key (id, surface_id, identity_id, hash, label)
select $1::uuid, surface_id, identity_id, $3::bytea, label
from old
