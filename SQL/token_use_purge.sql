-- Called by every node once an hour, until fewer than the limit come back: an expired token needs no record of its use.
-- A day more, for nodes whose clocks are behind this server's.
-- $1 most rows at once
with old as (
  select token
  from sluice.token_use
  where expires_at < now() - interval '1 day'
  order by expires_at
  limit $1::int
  for update skip locked
)
delete from sluice.token_use
using old
where token_use.token = old.token
