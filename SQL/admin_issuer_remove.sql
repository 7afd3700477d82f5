-- Called by `sluice issuer remove`.
-- $1 id
delete from sluice.jwt_issuer
where id = $1::uuid
