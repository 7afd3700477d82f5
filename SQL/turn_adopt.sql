-- First of the two statements by which a node begins another's turn anew, one transaction: fences the node, resolves the
-- virtual model as it is now, and makes the turn the node's own, in a new epoch. No row: it is not to be had, because
-- another node was faster, somebody asked to cancel it, or its model is gone.
-- Repeated when its outcome is unknown: then the turn is found as the first attempt left it.
-- Behind the turn's own columns stand those of start_take.sql, at the same places, and then its request.
-- $1 incarnation, $2 turn, $3 epoch in which it was found
with fence as materialized (
  select 1
  from sluice.node
  where incarnation = $1::uuid
    and voided_at is null
    and lease_until > clock_timestamp()
  for key share
),
orphan as materialized (
  select t.id, t.owner, t.identity_id, t.surface_id, t.model_name
  from fence
  cross join sluice.turn t
  left join sluice.node n on n.incarnation = t.owner
  where t.id = $2::uuid
    and t.state = 'streaming'
    and (
      t.owner = $1::uuid and t.epoch = $3::int + 1
      or t.epoch = $3::int
        and t.on_interrupt = 'restart'
        and t.restarts < 2
        and t.cancel_requested_at is null
        and n.voided_at is not null
        and sluice.uuid_time(t.id) > clock_timestamp() - interval '24 hours'
    )
  for update of t skip locked
),
model as materialized (
  select
    m.id, m.name, m.stream, m.notool, m.nopreprompt, m.system_prompt, m.prefix_prompt, m.parameters, m.durability,
    m.reasoning, m.retry_budget_ms, m.on_interrupt,
    coalesce(s.chunking, m.chunking) as chunking,
    coalesce(s.chunk_bytes, m.chunk_bytes) as chunk_bytes,
    coalesce(s.chunk_delay_ms, m.chunk_delay_ms) as chunk_delay_ms,
    s.pace_ms
  from orphan
  join sluice.surface s on s.id = orphan.surface_id
  join sluice.virtual_model m on m.name = orphan.model_name and m.enabled
  where exists (
    select from sluice.model_route r
    where r.model_id = m.id
      and r.enabled
  )
),
roles as materialized (
  select r.id, r.all_tools
  from orphan
  cross join sluice.roles_of(orphan.identity_id, orphan.surface_id) as mine (id)
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
adopted as (
  update sluice.turn
  set
    owner = $1::uuid,
    epoch = $3::int + 1,
    restarts = turn.restarts + (turn.epoch = $3::int)::int
  from orphan, model
  where turn.id = orphan.id
  returning
    turn.conversation_id, turn.identity_id, turn.user_message_id, turn.message_id, turn.durability, turn.restarts,
    turn.abandon_after_ms, turn.request
)
select
  adopted.conversation_id, adopted.identity_id, adopted.user_message_id, adopted.message_id, adopted.restarts,
  model.name, model.stream, model.notool, model.nopreprompt, model.system_prompt, model.prefix_prompt,
  model.parameters::text, adopted.durability, model.reasoning, model.retry_budget_ms, model.pace_ms,
  r.id, r.priority, r.weight, r.driver, r.provider_model, r.region, r.overrides::text, r.headers::text, r.query::text,
  r.http_version, r.concurrency_limit, r.connect_timeout_ms,
  coalesce(r.first_byte_timeout_ms, r.first_token_timeout_ms) as first_byte_timeout_ms,
  coalesce(r.first_token_timeout_ms, r.first_byte_timeout_ms) as first_token_timeout_ms,
  r.idle_timeout_ms, r.total_timeout_ms,
  c.id as credential_id, c.reference, c.sealed, c.sealed_key, c.managed_domain, c.client_certificate, c.client_key,
  c.ca_bundle, model.chunking, model.chunk_bytes, model.chunk_delay_ms, adopted.abandon_after_ms, model.on_interrupt,
  tools.granted as tools,
  -- What was reserved for its former text is for the new one.
  (select min(h.tokens) from sluice.usage_hold h where h.turn_id = $2::uuid) as held_tokens,
  adopted.request::text
from adopted
cross join model
cross join tools
join sluice.model_route r on r.model_id = model.id and r.enabled
left join sluice.credential c on c.id = r.credential_id
order by r.priority, r.id
