-- Called when a turn has nearly used the tokens that it has reserved, about once in 4096 of them: reserves what it asks for
-- in all, or what is left of the limits that it meets now. Less than nothing is left where others have used it up.
-- Repeated when its outcome is unknown: it says how much, not how much more.
-- $1 incarnation, $2 turn, $3 tokens in all
with fence as materialized (
  select 1
  from sluice.node
  where incarnation = $1::uuid
    and voided_at is null
    and lease_until > clock_timestamp()
  for key share
),
live as materialized (
  select t.identity_id, t.surface_id, m.id as model_id
  from fence
  cross join sluice.turn t
  left join sluice.virtual_model m on m.name = t.model_name
  where t.id = $2::uuid
    and t.owner = $1::uuid
    and t.state = 'streaming'
),
rules as materialized (
  select rule.*
  from live
  cross join sluice.usage_left(live.identity_id, live.surface_id, live.model_id, $2::uuid) as rule
),
rate as materialized (
  -- What a token costs at most, by whichever route.
  select max(greatest(p.input, p.output, p.cached, p.reasoning)) / 1000000 as most
  from live
  join sluice.model_route r on r.model_id = live.model_id and r.enabled
  cross join lateral sluice.price_at(r.driver, r.provider_model, sluice.uuid_time($2::uuid)) as p
  where exists (select from rules where rule like 'cost%')
),
spare as materialized (
  select case when min(tokens) is not null then greatest(0, least($3::bigint, min(tokens))) end as held
  from (
    select
      floor(
        case
          when rule like 'tokens%' then rules.most - used
          when rule like 'cost%' then (rules.most - used) / nullif(rate.most, 0)
        end
      )::bigint as tokens
    from rules
    cross join rate
  ) as one
),
held as (
  insert into sluice.usage_hold (turn_id, subject_id, tokens, cost)
  select distinct $2::uuid, rules.subject_id, spare.held, spare.held * rate.most
  from rules
  cross join rate
  cross join spare
  on conflict (subject_id, turn_id) do update
  set tokens = excluded.tokens, cost = excluded.cost
)
select
  (select count(*) from fence) as fenced,
  (select count(*) from live) as live,
  (select held from spare) as held_tokens
