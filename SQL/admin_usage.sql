-- Called by `sluice usage list`: what turns that ended since then have used, summed up by one thing, each sum as one JSON
-- object; the dearest first, days in their order.
-- $1 day, model, surface, identity, team or project, $2 since when, $3 most rows
select row_to_json(listed)::text
from (
  select
    case $1::text
      when 'day' then to_char(date_trunc('day', l.ended_at, 'UTC') at time zone 'UTC', 'YYYY-MM-DD')
      when 'model' then l.model_name
      when 'surface' then coalesce(s.name, l.surface_id::text)
      when 'identity' then l.identity_id::text
      when 'team' then l.team
      when 'project' then l.project
    end as name,
    count(*) as turns,
    count(*) filter (where l.estimated) as estimated_turns,
    count(*) filter (where l.state = 'error') as errors,
    sum(l.input_tokens) as input_tokens,
    sum(l.output_tokens) as output_tokens,
    sum(l.cached_tokens) as cached_tokens,
    sum(l.reasoning_tokens) as reasoning_tokens,
    trim_scale(sum(l.cost)) as cost,
    count(*) filter (where l.cost is null) as turns_without_price
  from sluice.usage_ledger as l
  left join sluice.surface as s on s.id = l.surface_id
  where l.ended_at >= $2::timestamptz
  group by 1
  order by case when $1::text <> 'day' then sum(l.cost) end desc nulls last, 1
  limit $3::int
) as listed
