-- Called by `sluice model` and by commands that name one: all virtual models, each as one JSON object.
select row_to_json(model)::text
from (
  select
    m.id, m.name, m.title, m.enabled, m.stream, m.notool, m.nopreprompt, m.system_prompt, m.prefix_prompt,
    m.parameters, m.durability, m.chunking, m.chunk_bytes, m.chunk_delay_ms, m.reasoning, m.history_limit,
    m.history_token_limit, m.on_interrupt, m.retry_budget_ms, m.abandon_after_ms, m.created_at, m.updated_at,
    (select count(*) from sluice.model_route r where r.model_id = m.id) as routes
  from sluice.virtual_model m
  order by m.name
) as model
