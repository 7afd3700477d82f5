-- Called by `sluice credential` and by commands that name one: all credentials, each as one JSON object.
-- Where the secret is, never what is sealed.
select row_to_json(credential)::text
from (
  select
    c.id, c.name, coalesce(c.reference, 'sealed with ' || c.sealed_key) as secret, c.reference, c.sealed_key,
    c.managed_domain, c.client_certificate, c.client_key, c.ca_bundle, c.created_at,
    (select count(*) from sluice.model_route r where r.credential_id = c.id) as routes
  from sluice.credential c
  order by c.name
) as credential
