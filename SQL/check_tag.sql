-- Called by `sluice check`, once: the live nodes that bear a tag.
-- $1 tag
select host, version
from sluice.node
where tag = $1::int
  and voided_at is null
  and lease_until > clock_timestamp()
order by host, started_at
