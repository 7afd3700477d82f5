-- Called by `sluice model add` and `sluice model set`: the columns that are given; null empties one.
-- $1 id, $2 object of column values
update sluice.virtual_model as m
set (
  name, title, enabled, stream, notool, nopreprompt, system_prompt, prefix_prompt, parameters, durability, chunking,
  chunk_bytes, chunk_delay_ms, reasoning, history_limit, history_token_limit, on_interrupt, retry_budget_ms,
  abandon_after_ms
) = (
  select
    n.name, n.title, n.enabled, n.stream, n.notool, n.nopreprompt, n.system_prompt, n.prefix_prompt, n.parameters,
    n.durability, n.chunking, n.chunk_bytes, n.chunk_delay_ms, n.reasoning, n.history_limit, n.history_token_limit,
    n.on_interrupt, n.retry_budget_ms, n.abandon_after_ms
  from jsonb_populate_record(m, $2::jsonb) as n
)
where m.id = $1::uuid
