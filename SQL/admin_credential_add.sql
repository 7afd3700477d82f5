-- Called by `sluice credential add`, before admin_credential_set in the same transaction: the name, and what makes a
-- secret whole.
-- $1 id, $2 object of column values
insert into sluice.credential (id, name, reference, sealed, sealed_key, client_certificate, client_key)
select
  $1::uuid, given.name, given.reference, given.sealed, given.sealed_key, given.client_certificate, given.client_key
from jsonb_populate_record(null::sluice.credential, $2::jsonb) as given
