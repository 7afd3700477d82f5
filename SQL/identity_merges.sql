-- Called by every node once a second: which identities have become others lately, and once a minute those of the last
-- $1 seconds, as no token lives longer; the newest first.
-- $1 seconds back, $2 most rows
select id, merged_into
from sluice.identity
where merged_at > now() - $1::int * interval '1 second'
order by merged_at desc
limit $2::int
