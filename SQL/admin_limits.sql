-- Called by `sluice limit` and by commands that name one: all limits, each as one JSON object, with whose it is.
select row_to_json(listed)::text
from (
  select
    l.id,
    case
      when l.identity_id is not null then 'identity:' || l.identity_id
      when l.surface_id is not null then 'surface:' || s.name
      when l.role_id is not null then 'role:' || r.name
      else 'model:' || m.name
    end as name,
    l.identity_id, l.surface_id, l.role_id, l.model_id, l.requests_per_minute, l.concurrent_turns, l.tokens_per_day,
    l.tokens_per_month, trim_scale(l.cost_per_day) as cost_per_day, trim_scale(l.cost_per_month) as cost_per_month,
    l.created_at
  from sluice.usage_limit as l
  left join sluice.surface as s on s.id = l.surface_id
  left join sluice.role as r on r.id = l.role_id
  left join sluice.virtual_model as m on m.id = l.model_id
  order by 2
) as listed
