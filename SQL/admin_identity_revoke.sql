-- Called by `sluice identity revoke` and `sluice identity block`: one token, or those of an identity issued so far, or
-- whatever it comes by. Returns the row as one JSON object.
-- $1 identity or null, $2 jti or null, $3 reason or null, $4 whatever it comes by
insert into sluice.revocation (identity_id, jti, reason, revoked_at, expires_at)
select
  $1::uuid, $2::text, $3::text, case when $4::boolean then 'infinity' else now() end,
  case when $4::boolean then 'infinity' else now() + interval '31 days' end
returning row_to_json(revocation)::text
