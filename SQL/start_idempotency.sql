-- Second statement of a start with an Idempotency-Key. A key that is there already violates idempotency_pkey, which
-- rolls the whole start back: the caller then answers with the turn of that key.
-- $1 identity, $2 key, $3 turn, $4 SHA-256 of the body without `stream`, $5 conversation
insert into sluice.idempotency (identity_id, key, turn_id, body_hash)
select $1::uuid, $2::text, $3::uuid, $4::bytea
from sluice.conversation
where id = $5::uuid
  and live_turn = $3::uuid
