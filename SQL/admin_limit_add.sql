-- Called by `sluice limit set` where there is none yet, before admin_limit_set in the same transaction: whose it is.
-- $1 id, $2 object of column values
insert into sluice.usage_limit (id, identity_id, surface_id, role_id, model_id)
select $1::uuid, given.identity_id, given.surface_id, given.role_id, given.model_id
from jsonb_populate_record(null::sluice.usage_limit, $2::jsonb) as given
