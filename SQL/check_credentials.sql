-- Called by `sluice check`, once: the references of credentials that turns may ask for: secrets, and what TLS needs.
select distinct credential.name, file.reference
from sluice.credential
join sluice.model_route as route on route.credential_id = credential.id and route.enabled
join sluice.virtual_model as model on model.id = route.model_id and model.enabled
cross join lateral (
  values
    (credential.reference), (credential.client_certificate), (credential.client_key), (credential.ca_bundle)
) as file (reference)
where file.reference is not null
order by credential.name, file.reference
