-- Called by every node every 5 s: what it makes of the routes whose standing has changed. A route that is gone is left
-- out.
-- $1 incarnation, $2 routes, $3 states, $4 failures, $5 latencies or -1, $6 shares in thousandths, $7 running,
-- $8 last errors or empty, $9 milliseconds until they may be used again, or -1
insert into sluice.route_health (
  incarnation, route_id, state, failures, latency_ms, share, running, last_error, retry_at, updated_at
)
select
  node.incarnation, route.id, given.state, given.failures, nullif(given.latency, -1), given.share / 1000.0,
  given.running, nullif(given.last_error, ''),
  case when given.pause >= 0 then clock_timestamp() + given.pause * interval '1 millisecond' end,
  clock_timestamp()
from unnest($2::uuid[], $3::text[], $4::int[], $5::int[], $6::int[], $7::int[], $8::text[], $9::int[])
  as given (route_id, state, failures, latency, share, running, last_error, pause)
join sluice.model_route route on route.id = given.route_id
join sluice.node on node.incarnation = $1::uuid
on conflict (incarnation, route_id) do update
set
  state = excluded.state,
  failures = excluded.failures,
  latency_ms = excluded.latency_ms,
  share = excluded.share,
  running = excluded.running,
  last_error = excluded.last_error,
  retry_at = excluded.retry_at,
  updated_at = excluded.updated_at
