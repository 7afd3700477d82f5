-- Called by `sluice issuer` and by commands that name one: all issuers, each as one JSON object.
select row_to_json(listed)::text
from (
  select
    i.id, s.name as surface, i.surface_id, i.issuer, i.audience, i.algorithms, i.jwks, i.secret, i.clock_skew_s,
    i.lifetime_s, i.once, i.enabled, i.created_at
  from sluice.jwt_issuer i
  join sluice.surface s on s.id = i.surface_id
  order by s.name, i.issuer, i.audience
) as listed
