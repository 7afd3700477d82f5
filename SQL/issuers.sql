-- Called by every node at start and every second, and by `sluice check`: whose JWTs are accepted, few and small.
select i.id, i.surface_id, i.issuer, i.audience, i.algorithms, i.jwks, i.secret, i.clock_skew_s, i.lifetime_s, i.once
from sluice.jwt_issuer i
join sluice.surface s on s.id = i.surface_id
where i.enabled
  and s.enabled
order by i.id
