-- Called by `sluice identity unblock`.
-- $1 identity
delete from sluice.revocation
where identity_id = $1::uuid
  and revoked_at = 'infinity'
