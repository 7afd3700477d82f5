-- Called by every node once a second: what was revoked lately, and once a minute all; the newest first.
-- $1 seconds back, or null for all, $2 most rows
select
  identity_id, jti,
  -- Null: an identity that is kept out altogether.
  case when revoked_at < 'infinity' then floor(extract(epoch from greatest(revoked_at, 'epoch')))::bigint end
from sluice.revocation
where created_at > coalesce(now() - $1::int * interval '1 second', '-infinity')
  and expires_at > now()
order by created_at desc
limit $2::int
