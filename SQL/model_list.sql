-- Called by GET /chat/models and GET /v1/models: what a user of the surface can choose; of where it leads, nothing.
-- What no role grants is not there.
-- $1 surface, $2 identity
with roles as materialized (
  select r.id, r.all_models
  from sluice.roles_of($2::uuid, $1::uuid) as mine (id)
  join sluice.role r on r.id = mine.id
)
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
  and (
    exists (select from roles where all_models)
    or exists (
      select from sluice.role_model g
      join roles on roles.id = g.role_id
      where g.model_id = m.id
    )
  )
order by m.name
