-- First of the four statements of a chat start, one transaction: fences the node, resolves the virtual model to its
-- routes, a row each, and takes the conversation for the turn. The later statements write only if this one took it. It
-- takes nothing for a message that alone is longer than the model's limit, or follows one that is not in the
-- conversation, nor for tools where the model knows none or no role grants them, nor where a limit is reached. A model
-- that no role grants is as one that is not there. What it says of model and routes, turn_adopt.sql says at the same
-- places.
-- $1 incarnation, $2 identity, $3 surface, $4 model or null, $5 conversation, $6 conversation is new, $7 turn,
-- $8 estimated tokens of the message, $9 message that it follows; null: none is named, $10 tools are spoken of,
-- $11 names of the tools that are offered, $12 tokens that are reserved at a time
with fence as materialized (
  select 1
  from sluice.node
  where incarnation = $1::uuid
    and voided_at is null
    and lease_until > clock_timestamp()
  for key share
),
who as materialized (
  select 1
  from sluice.identity
  where id = $2::uuid
    and merged_into is null
    and erased_at is null
  -- A merge waits for us, or we for it.
  for key share
),
roles as materialized (
  select r.id, r.all_models, r.all_tools
  from sluice.roles_of($2::uuid, $3::uuid) as mine (id)
  join sluice.role r on r.id = mine.id
),
tools as materialized (
  select
    case
      when not exists (select from roles where all_tools) then array(
        select g.tool
        from sluice.role_tool g
        join roles on roles.id = g.role_id
      )
    end as granted
),
model as materialized (
  select
    m.id, m.name, m.stream, m.notool, m.nopreprompt, m.system_prompt, m.prefix_prompt, m.parameters, m.durability,
    m.reasoning, m.retry_budget_ms, m.abandon_after_ms, m.on_interrupt,
    coalesce(s.chunking, m.chunking) as chunking,
    coalesce(s.chunk_bytes, m.chunk_bytes) as chunk_bytes,
    coalesce(s.chunk_delay_ms, m.chunk_delay_ms) as chunk_delay_ms,
    m.history_token_limit is null or $8::int <= m.history_token_limit as fits,
    s.pace_ms
  from sluice.surface s
  join sluice.virtual_model m on m.name = coalesce($4::text, s.default_model) and m.enabled
  where s.id = $3::uuid
    and s.enabled
    and exists (
      select from sluice.model_route r
      where r.model_id = m.id
        and r.enabled
    )
    and (
      exists (select from roles where all_models)
      or exists (
        select from sluice.role_model g
        join roles on roles.id = g.role_id
        where g.model_id = m.id
      )
    )
),
place as materialized (
  select 1
  where $9::uuid is null
    or exists (
      select from sluice.message
      where conversation_id = $5::uuid
        and id = $9::uuid
    )
),
rules as materialized (
  select rule.*
  from model
  cross join sluice.usage_left($2::uuid, $3::uuid, model.id, $7::uuid) as rule
),
reserved as materialized (
  -- By a first attempt, which was committed although its answer never came: no limit is asked again.
  select min(tokens) as tokens, count(*) > 0 as is_there
  from sluice.usage_hold
  where turn_id = $7::uuid
    and exists (select from rules)
),
rate as materialized (
  -- What a token costs at most, by whichever route.
  select max(greatest(p.input, p.output, p.cached, p.reasoning)) / 1000000 as most
  from model
  join sluice.model_route r on r.model_id = model.id and r.enabled
  cross join lateral sluice.price_at(r.driver, r.provider_model, now()) as p
  where exists (select from rules where rule like 'cost%')
),
spare as materialized (
  -- Tokens that the turn may use until it asks again, or one of its limits is reached; null: any number.
  select
    case
      when (select is_there from reserved) then (select tokens from reserved)
      when min(tokens) is not null then least($12::bigint, min(tokens))
    end as held
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
hit as materialized (
  -- Of the limits that are reached, the one that lasts longest.
  select
    rules.subject, rules.rule,
    -- What is only reserved may be given back with the end of any turn.
    case when rules.used - rules.held < rules.most then now() else rules.resets_at end as resets_at
  from rules
  cross join rate
  where rules.used + case
    when rule like 'tokens%' then $8::int
    when rule like 'cost%' then $8::int * coalesce(rate.most, 0)
    else 0
  end >= rules.most
    and not (select is_there from reserved)
  order by resets_at desc
  limit 1
),
granted as materialized (
  select 1
  from fence, who, model, place, tools
  where model.fits
    and not (model.notool and $10::boolean)
    and (tools.granted is null or $11::text[] <@ tools.granted)
    and not exists (select from hit)
),
made as (
  insert into sluice.conversation (id, identity_id, surface_id, live_turn)
  select $5::uuid, $2::uuid, $3::uuid, $7::uuid
  from granted
  where $6::boolean
  on conflict (id) do update set live_turn = excluded.live_turn
  where conversation.live_turn = excluded.live_turn
  returning id
),
taken as (
  update sluice.conversation
  set live_turn = $7::uuid, updated_at = clock_timestamp()
  from granted
  where conversation.id = $5::uuid
    and not $6::boolean
    and conversation.identity_id = $2::uuid
    and (conversation.live_turn is null or conversation.live_turn = $7::uuid)
  returning conversation.id
),
held as (
  insert into sluice.usage_hold (turn_id, subject_id, tokens, cost)
  select distinct $7::uuid, rules.subject_id, spare.held, spare.held * rate.most
  from rules
  cross join rate
  cross join spare
  where exists (select from made union all select from taken)
  on conflict do nothing
  returning subject_id
),
counted as (
  insert into sluice.usage_counter as counter (subject_id, period, starts_at, slot, requests)
  select distinct on (held.subject_id)
    held.subject_id, 'minute', date_trunc('minute', now(), 'UTC'), floor(random() * rules.slots), 1
  from held
  join rules on rules.subject_id = held.subject_id
  where rules.rule = 'requests_per_minute'
  order by held.subject_id
  on conflict (subject_id, period, starts_at, slot) do update
  set requests = counter.requests + 1
),
nearest as materialized (
  -- Of the rules of one kind, the one of which least is left.
  select distinct on (kind) kind, most, greatest(most - used, 0) as remains, resets_at
  from (
    select *, case when rule like 'tokens%' then 'tokens' else 'requests' end as kind
    from rules
    where rule like 'tokens%' or rule = 'requests_per_minute'
  ) as one
  order by kind, most - used
)
select
  (select count(*) from fence) as fenced,
  (select count(*) from made) + (select count(*) from taken) as taken,
  exists (
    select from sluice.conversation
    where id = $5::uuid
      and identity_id = $2::uuid
  ) as known,
  exists (select from place) as placed,
  model.fits, model.name, model.stream, model.notool, model.nopreprompt, model.system_prompt, model.prefix_prompt,
  model.parameters::text, model.durability, model.reasoning, model.retry_budget_ms, model.pace_ms,
  r.id, r.priority, r.weight, r.driver, r.provider_model, r.region, r.overrides::text, r.headers::text, r.query::text,
  r.http_version, r.concurrency_limit, r.connect_timeout_ms,
  coalesce(r.first_byte_timeout_ms, r.first_token_timeout_ms) as first_byte_timeout_ms,
  coalesce(r.first_token_timeout_ms, r.first_byte_timeout_ms) as first_token_timeout_ms,
  r.idle_timeout_ms, r.total_timeout_ms,
  c.id as credential_id, c.reference, c.sealed, c.sealed_key, c.managed_domain, c.client_certificate, c.client_key,
  c.ca_bundle, model.chunking, model.chunk_bytes, model.chunk_delay_ms, model.abandon_after_ms, model.on_interrupt,
  tools.granted as tools,
  (select held from spare) as held_tokens,
  exists (select from who) as is_there,
  tools.granted is null or $11::text[] <@ tools.granted as tools_granted,
  (select rule from hit) as hit_rule,
  (select subject from hit) as hit_subject,
  (select greatest(0, ceil(extract(epoch from resets_at - clock_timestamp())))::bigint from hit) as hit_seconds,
  (select trunc(most)::bigint from nearest where kind = 'requests') as requests_limit,
  (select trunc(remains)::bigint from nearest where kind = 'requests') as requests_remaining,
  (select ceil(extract(epoch from resets_at - clock_timestamp()))::bigint from nearest where kind = 'requests')
    as requests_reset,
  (select trunc(most)::bigint from nearest where kind = 'tokens') as tokens_limit,
  (select trunc(remains)::bigint from nearest where kind = 'tokens') as tokens_remaining,
  (select ceil(extract(epoch from resets_at - clock_timestamp()))::bigint from nearest where kind = 'tokens')
    as tokens_reset
from tools
left join model on true
left join sluice.model_route r on r.model_id = model.id and r.enabled
left join sluice.credential c on c.id = r.credential_id
order by r.priority, r.id
