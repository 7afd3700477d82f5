-- Called by `sluice issuer add`, before admin_issuer_set in the same transaction: what has no default, and the keys.
-- $1 id, $2 object of column values
insert into sluice.jwt_issuer (id, surface_id, issuer, audience, algorithms, jwks, secret)
select
  $1::uuid, given.surface_id, given.issuer, given.audience, given.algorithms, given.jwks, given.secret
from jsonb_populate_record(null::sluice.jwt_issuer, $2::jsonb) as given
