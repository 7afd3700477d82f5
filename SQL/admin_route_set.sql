-- Called by `sluice route add` and `sluice route set`: the columns that are given; null empties one.
-- $1 id, $2 object of column values
update sluice.model_route as r
set (
  priority, weight, driver, provider_model, credential_id, region, overrides, headers, query, http_version,
  concurrency_limit, connect_timeout_ms, first_byte_timeout_ms, first_token_timeout_ms, idle_timeout_ms,
  total_timeout_ms, enabled
) = (
  select
    n.priority, n.weight, n.driver, n.provider_model, n.credential_id, n.region, n.overrides, n.headers, n.query,
    n.http_version, n.concurrency_limit, n.connect_timeout_ms, n.first_byte_timeout_ms, n.first_token_timeout_ms,
    n.idle_timeout_ms, n.total_timeout_ms, n.enabled
  from jsonb_populate_record(r, $2::jsonb) as n
)
where r.id = $1::uuid
