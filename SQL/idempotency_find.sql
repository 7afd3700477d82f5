-- Called when a start was refused by idempotency_pkey: which turn the key belongs to.
-- $1 identity, $2 key, $3 SHA-256 of the body
select turn_id, body_hash = $3::bytea as same_body
from sluice.idempotency
where identity_id = $1::uuid
  and key = $2::text
