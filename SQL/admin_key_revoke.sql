-- Called by `sluice key remove`. The row stays, so that the hash is never taken again; repeating it changes nothing.
-- $1 id
update sluice.surface_key
set revoked_at = coalesce(revoked_at, now())
where id = $1::uuid
