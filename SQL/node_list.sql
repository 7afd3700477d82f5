-- Called by /status: the nodes that have a lease or had one within the last hour, by this server's clock.
select
  incarnation,
  tag,
  host,
  version,
  (extract(epoch from lease_until - clock_timestamp()) * 1000)::bigint as lease,
  voided_at is not null as voided
from sluice.node
where lease_until > clock_timestamp() - interval '1 hour'
order by tag, incarnation
limit 100
