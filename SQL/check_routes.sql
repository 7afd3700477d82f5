-- Called by `sluice check`, once: the routes that turns may take, and what of their models goes into a request.
select
  route.id, model.name, route.driver, route.provider_model, route.region, credential.managed_domain,
  route.overrides::text, route.headers::text, route.query::text, model.parameters::text, model.stream
from sluice.model_route as route
join sluice.virtual_model as model on model.id = route.model_id and model.enabled
left join sluice.credential as credential on credential.id = route.credential_id
where route.enabled
order by model.name, route.priority, route.id
