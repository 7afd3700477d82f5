-- Called by `sluice check`, once: the references of credentials that turns may ask for: secrets, and what TLS needs.
-- The third column is the one that holds the reference.
select distinct credential.name, file.reference, file.role
from sluice.credential
join sluice.model_route as route on route.credential_id = credential.id and route.enabled
join sluice.virtual_model as model on model.id = route.model_id and model.enabled
cross join lateral (
  values
    ('reference', credential.reference), ('client_certificate', credential.client_certificate),
    ('client_key', credential.client_key), ('ca_bundle', credential.ca_bundle)
) as file (role, reference)
where file.reference is not null
order by credential.name, file.reference, file.role
