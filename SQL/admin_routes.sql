-- Called by `sluice route` and by commands that name one: all routes, each as one JSON object,
-- with what the live nodes make of it.
select row_to_json(route)::text
from (
  select
    r.id, m.name as model, r.model_id, r.priority, r.weight, r.driver, r.provider_model, c.name as credential,
    r.credential_id, r.region, r.overrides, r.headers, r.query, r.http_version, r.concurrency_limit,
    r.connect_timeout_ms, r.first_byte_timeout_ms, r.first_token_timeout_ms, r.idle_timeout_ms, r.total_timeout_ms,
    r.enabled, r.created_at, s.state, s.failures, s.latency_ms, s.share, s.running, s.last_error, s.retry_at, s.nodes
  from sluice.model_route r
  join sluice.route_status s on s.route_id = r.id
  join sluice.virtual_model m on m.id = r.model_id
  left join sluice.credential c on c.id = r.credential_id
  order by m.name, r.priority, r.id
) as route
