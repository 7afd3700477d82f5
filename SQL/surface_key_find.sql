-- Called when a surface key was not seen for 5 s: whom it acts for.
-- $1 SHA-256 of the key
select k.surface_id, k.identity_id
from sluice.surface_key k
join sluice.surface s on s.id = k.surface_id
where k.hash = $1::bytea
  and k.revoked_at is null
  and (k.expires_at is null or k.expires_at > clock_timestamp())
  and s.enabled
