-- First of the four statements of a chat start, one transaction: fences the node, resolves the virtual model to its
-- routes, a row each, and takes the conversation for the turn. The later statements write only if this one took it. It
-- takes nothing for a message that alone is longer than the model's limit, or follows one that is not in the
-- conversation, nor for tools where the model knows none. What it says of model and routes, turn_adopt.sql says at the
-- same places.
-- $1 incarnation, $2 identity, $3 surface, $4 model or null, $5 conversation, $6 conversation is new, $7 turn,
-- $8 estimated tokens of the message, $9 message that it follows; null: none is named, $10 tools are offered
with fence as materialized (
  select 1
  from sluice.node
  where incarnation = $1::uuid
    and voided_at is null
    and lease_until > clock_timestamp()
  for key share
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
  from fence, model, place
  where $6::boolean
    and model.fits
    and not (model.notool and $10::boolean)
  on conflict (id) do update set live_turn = excluded.live_turn
  where conversation.live_turn = excluded.live_turn
  returning id
),
taken as (
  update sluice.conversation
  set live_turn = $7::uuid, updated_at = clock_timestamp()
  from fence, model, place
  where conversation.id = $5::uuid
    and not $6::boolean
    and model.fits
    and not (model.notool and $10::boolean)
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
  model.fits, model.name, model.stream, model.notool, model.nopreprompt, model.system_prompt, model.prefix_prompt,
  model.parameters::text, model.durability, model.reasoning, model.retry_budget_ms, model.pace_ms,
  r.id, r.priority, r.weight, r.driver, r.provider_model, r.region, r.overrides::text, r.headers::text, r.query::text,
  r.http_version, r.concurrency_limit, r.connect_timeout_ms,
  coalesce(r.first_byte_timeout_ms, r.first_token_timeout_ms) as first_byte_timeout_ms,
  coalesce(r.first_token_timeout_ms, r.first_byte_timeout_ms) as first_token_timeout_ms,
  r.idle_timeout_ms, r.total_timeout_ms,
  c.id as credential_id, c.reference, c.sealed, c.sealed_key, c.managed_domain, c.client_certificate, c.client_key,
  c.ca_bundle, model.chunking, model.chunk_bytes, model.chunk_delay_ms, model.abandon_after_ms, model.on_interrupt
from (select) as one
left join model on true
left join sluice.model_route r on r.model_id = model.id and r.enabled
left join sluice.credential c on c.id = r.credential_id
order by r.priority, r.id
