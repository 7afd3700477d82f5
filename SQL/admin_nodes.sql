-- Called by `sluice node`: all nodes, each as one JSON object.
select row_to_json(node)::text
from (
  select incarnation, tag, host, version, state, started_at, lease_until, voided_at, live_turns
  from sluice.node_status
  order by voided_at is not null, started_at desc, incarnation
) as node
