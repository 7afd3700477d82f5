-- Called by `sluice limit set`: the rules that are given; null empties one.
-- $1 id, $2 object of column values
update sluice.usage_limit as l
set (requests_per_minute, concurrent_turns, tokens_per_day, tokens_per_month, cost_per_day, cost_per_month) = (
  select
    n.requests_per_minute, n.concurrent_turns, n.tokens_per_day, n.tokens_per_month, n.cost_per_day, n.cost_per_month
  from jsonb_populate_record(l, $2::jsonb) as n
)
where l.id = $1::uuid
