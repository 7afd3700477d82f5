-- Called by `sluice check`, once: the credentials that turns may ask for, and where the program finds them.
select distinct credential.name, credential.reference
from sluice.credential
join sluice.model_route as route on route.credential_id = credential.id and route.enabled
join sluice.virtual_model as model on model.id = route.model_id and model.enabled
where credential.reference is not null
order by credential.name
