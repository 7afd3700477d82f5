-- Called by `sluice usage left`: the limits that a start would meet now, each rule as one JSON object.
-- $1 identity, $2 surface, $3 virtual model or null
select row_to_json(listed)::text
from (
  select
    rule.subject, rule.rule, trim_scale(rule.most) as most, trim_scale(rule.used) as used,
    trim_scale(rule.held) as reserved, trim_scale(greatest(rule.most - rule.used, 0)) as remains,
    case when rule.rule <> 'concurrent_turns' then rule.resets_at end as resets_at
  from sluice.usage_left($1::uuid, $2::uuid, $3::uuid, '00000000-0000-0000-0000-000000000000') as rule
  order by rule.subject, rule.rule
) as listed
