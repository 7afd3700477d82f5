-- Called by GET /chat/models and GET /v1/models: what a user of the surface can choose; of where it leads, nothing.
-- $1 surface
select m.name, m.title, m.stream, m.name = s.default_model as is_default,
  extract(epoch from m.created_at)::bigint as created_at
from sluice.surface s
cross join sluice.virtual_model m
where s.id = $1::uuid
  and s.enabled
  and m.enabled
  and exists (
    select from sluice.model_route r
    where r.model_id = m.id
      and r.enabled
  )
order by m.name
