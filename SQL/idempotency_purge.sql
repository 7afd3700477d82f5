-- Called by every node once an hour, until fewer than the limit come back: an Idempotency-Key is honoured for 24 hours.
-- $1 most keys at once
with old as (
  select identity_id, key
  from sluice.idempotency
  where created_at < now() - interval '24 hours'
  order by created_at
  limit $1::int
  for update skip locked
)
delete from sluice.idempotency
using old
where idempotency.identity_id = old.identity_id
  and idempotency.key = old.key
