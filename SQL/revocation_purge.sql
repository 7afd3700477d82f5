-- Called by every node once an hour, until fewer than the limit come back: the tokens have expired by themselves.
-- $1 most rows at once
with old as (
  select id
  from sluice.revocation
  where expires_at < now()
  order by expires_at
  limit $1::int
)
delete from sluice.revocation
using old
where revocation.id = old.id
