-- Called by `sluice check`, once: enabled routes of enabled models that no price holds for, although a limit of money may
-- meet their turns. Routes that ask no provider cost nothing.
select model.name, route.driver, route.provider_model
from sluice.model_route as route
join sluice.virtual_model as model on model.id = route.model_id and model.enabled
where route.enabled
  and route.driver <> 'echo'
  and exists (
    select from sluice.usage_limit as rule
    where coalesce(rule.model_id, model.id) = model.id
      and (rule.cost_per_day is not null or rule.cost_per_month is not null)
  )
  and not exists (select from sluice.price_at(route.driver, route.provider_model, now()))
order by model.name, route.priority, route.id
