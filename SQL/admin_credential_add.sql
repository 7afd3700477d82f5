-- Called by `sluice credential add`, before admin_credential_set in the same transaction: what has no default.
-- $1 id, $2 object of column values
insert into sluice.credential (id, name, reference)
select $1::uuid, given.name, given.reference
from jsonb_populate_record(null::sluice.credential, $2::jsonb) as given
