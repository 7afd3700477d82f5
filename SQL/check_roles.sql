-- Called by `sluice check`, once: what roles leave nobody anything to choose. Roles that grant all models do not count:
-- whether there is a model is not theirs to say.
with choosable as (
  select m.id
  from sluice.virtual_model m
  where m.enabled
    and exists (
      select from sluice.model_route r
      where r.model_id = m.id
        and r.enabled
    )
),
empty as (
  select r.id
  from sluice.role r
  where not r.all_models
    and not exists (
      select from sluice.role_model g
      join choosable on choosable.id = g.model_id
      where g.role_id = r.id
    )
)
-- Who has a role of their own may need none from the surface.
select 'surface' as kind, s.name, r.name as detail
from sluice.surface s
left join sluice.role r on r.id = s.role_id
where s.enabled
  and (s.role_id is null or s.role_id in (select id from empty))
  and not exists (select from sluice.identity_role)
union all
select 'anonymous', s.name, r.name
from sluice.surface s
left join sluice.role r on r.id = s.anonymous_role_id
where s.enabled
  and s.anonymous
  and (s.anonymous_role_id is null or s.anonymous_role_id in (select id from empty))
union all
select 'model', r.name, m.name
from sluice.role r
join sluice.role_model g on g.role_id = r.id
join sluice.virtual_model m on m.id = g.model_id
where not m.enabled
order by kind, name, detail
