-- Called by `sluice route add`, before admin_route_set in the same transaction: what has no default, and what makes the
-- route another one than those that are there.
-- $1 id, $2 object of column values
insert into sluice.model_route (id, model_id, priority, driver, provider_model, credential_id, region)
select
  $1::uuid, given.model_id, given.priority, given.driver, given.provider_model, given.credential_id, given.region
from jsonb_populate_record(null::sluice.model_route, $2::jsonb) as given
