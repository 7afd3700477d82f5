-- First of the four statements of a chat start, one transaction: fences the node, resolves the virtual model to its
-- first route and takes the conversation for the turn. The later statements write only if this one took it. It takes
-- nothing for a message that alone is longer than the model's limit, or follows one that is not in the conversation.
-- $1 incarnation, $2 identity, $3 surface, $4 model or null, $5 conversation, $6 conversation is new, $7 turn,
-- $8 estimated tokens of the message, $9 message that it follows; null: none is named
with fence as materialized (
  select 1
  from sluice.node
  where incarnation = $1::uuid
    and voided_at is null
    and lease_until > clock_timestamp()
  for key share
),
plan as materialized (
  select
    m.name, m.stream, m.nopreprompt, m.system_prompt, m.parameters, m.durability, m.reasoning,
    r.driver, r.provider_model, r.region, r.overrides,
    r.connect_timeout_ms,
    coalesce(r.first_byte_timeout_ms, r.first_token_timeout_ms) as first_byte_timeout_ms,
    coalesce(r.first_token_timeout_ms, r.first_byte_timeout_ms) as first_token_timeout_ms,
    r.idle_timeout_ms, r.total_timeout_ms,
    c.reference, c.managed_domain, c.client_certificate, c.client_key, c.ca_bundle,
    m.history_token_limit is null or $8::int <= m.history_token_limit as fits,
    s.pace_ms,
    r.id as route_id
  from sluice.surface s
  join sluice.virtual_model m on m.name = coalesce($4::text, s.default_model) and m.enabled
  join sluice.model_route r on r.model_id = m.id and r.enabled
  left join sluice.credential c on c.id = r.credential_id
  where s.id = $3::uuid
    and s.enabled
  order by r.priority, r.id
  limit 1
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
made as (
  insert into sluice.conversation (id, identity_id, surface_id, live_turn)
  select $5::uuid, $2::uuid, $3::uuid, $7::uuid
  from fence, plan, place
  where $6::boolean
    and plan.fits
  on conflict (id) do update set live_turn = excluded.live_turn
  where conversation.live_turn = excluded.live_turn
  returning id
),
taken as (
  update sluice.conversation
  set live_turn = $7::uuid, updated_at = clock_timestamp()
  from fence, plan, place
  where conversation.id = $5::uuid
    and not $6::boolean
    and plan.fits
    and conversation.identity_id = $2::uuid
    and (conversation.live_turn is null or conversation.live_turn = $7::uuid)
  returning conversation.id
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
  plan.fits,
  plan.name, plan.stream, plan.nopreprompt, plan.system_prompt, plan.parameters::text, plan.durability, plan.reasoning,
  plan.driver, plan.provider_model, plan.region, plan.overrides::text,
  plan.connect_timeout_ms, plan.first_byte_timeout_ms, plan.first_token_timeout_ms, plan.idle_timeout_ms,
  plan.total_timeout_ms,
  plan.reference, plan.managed_domain, plan.client_certificate, plan.client_key, plan.ca_bundle,
  plan.pace_ms,
  plan.route_id
from (select) as one
left join plan on true
