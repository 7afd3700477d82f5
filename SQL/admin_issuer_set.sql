-- Called by `sluice issuer add` and `sluice issuer set`: the columns that are given; null empties one.
-- $1 id, $2 object of column values
update sluice.jwt_issuer as i
set (issuer, audience, algorithms, jwks, secret, clock_skew_s, lifetime_s, once, enabled) = (
  select
    n.issuer, n.audience, n.algorithms, n.jwks, n.secret, n.clock_skew_s, n.lifetime_s, n.once, n.enabled
  from jsonb_populate_record(i, $2::jsonb) as n
)
where i.id = $1::uuid
