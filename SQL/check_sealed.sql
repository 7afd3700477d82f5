-- Called by `sluice check`, once: the sealed secrets of credentials that turns may ask for.
select credential.id, credential.name, credential.sealed, credential.sealed_key
from sluice.credential
where credential.sealed is not null
  and exists (
    select from sluice.model_route as route
    join sluice.virtual_model as model on model.id = route.model_id and model.enabled
    where route.credential_id = credential.id
      and route.enabled
  )
order by credential.name
