-- Called by `sluice price` and by commands that name one: all prices, each as one JSON object, the newest of a model
-- first, with what holds now.
select row_to_json(listed)::text
from (
  select
    p.id, p.driver, p.provider_model, p.valid_from, trim_scale(p.input) as input, trim_scale(p.output) as output,
    trim_scale(p.cached) as cached, trim_scale(p.reasoning) as reasoning,
    case
      when p.valid_from > now() then 'later'
      when p.id = (select now_held.id from sluice.price_at(p.driver, p.provider_model, now()) as now_held) then 'holds'
      else 'over'
    end as state,
    p.created_at
  from sluice.price as p
  order by p.driver, p.provider_model, p.valid_from desc
) as listed
