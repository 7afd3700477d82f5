-- Called by `sluice role add`, before admin_role_set in the same transaction: what has no default.
-- $1 id, $2 object of column values
insert into sluice.role (id, name)
select $1::uuid, given.name
from jsonb_populate_record(null::sluice.role, $2::jsonb) as given
