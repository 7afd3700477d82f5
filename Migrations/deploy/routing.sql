-- Deploy sluice:routing to pg
-- requires: model
-- requires: turn
-- requires: admin
-- requires: route_timeouts
-- requires: client_certificate

begin;

set local role sluice_owner;
-- Every start locks several of these tables, in an order of its own: whoever waits for one and holds another can end
-- as a deadlock, and starts with it. So all of them at once or none, again and again, and rather fail, to be run again,
-- than make starts wait behind us.
do $$
begin
  set local lock_timeout = '200ms';
  for attempt in 1..50 loop
    begin
      lock table sluice.node, sluice.virtual_model, sluice.model_route, sluice.credential, sluice.turn
        in access exclusive mode;
      return;
    exception when lock_not_available then
      perform pg_sleep(0.05 * random());
    end;
  end loop;
  raise lock_not_available using message = 'The tables are in use without a pause: deploy again.';
end
$$;

alter table sluice.virtual_model
  add column prefix_prompt   text,
  add column retry_budget_ms integer not null default 10000,
  add constraint virtual_model_retry_budget_ms_check check (retry_budget_ms between 0 and 600000);

comment on column sluice.virtual_model.system_prompt is 'Sent before the history as the system''s; null: none.';
comment on column sluice.virtual_model.prefix_prompt is
  'Put before the first user''s message, in the same message, for models that know no system prompt; null: none.';
comment on column sluice.virtual_model.notool is
  'True: no key and no message that speaks of tools is sent to the provider.';
comment on column sluice.virtual_model.nopreprompt is
  'True: neither system_prompt nor prefix_prompt is sent to the provider.';
comment on column sluice.virtual_model.retry_budget_ms is
  'How long a turn may wait, all in all, for providers that ask to be asked again later, in milliseconds; 0: not at all.';

alter table sluice.credential
  drop constraint credential_secret_check,
  add column sealed     bytea,
  add column sealed_key text,
  add constraint credential_sealed_check check (length(sealed) between 29 and 65536),
  add constraint credential_sealed_key_check check (sealed_key ~ '^[A-Za-z0-9_-]{1,32}$'),
  add constraint credential_sealed_pair_check check ((sealed is null) = (sealed_key is null)),
  add constraint credential_secret_check check (
    num_nonnulls(reference, sealed) <= 1
    and num_nonnulls(reference, sealed, client_certificate) > 0
  );

comment on table sluice.credential is
  'The secret of a model provider: sealed by the program, or where the program finds it. Never readable here.';
comment on column sluice.credential.reference is
  '`env:NAME` or `file:/path`: resolved by the program on its own machine; null: the secret is sealed, or the client '
  'certificate is all.';
comment on column sluice.credential.sealed is
  'The secret, sealed with AES-256-GCM under a key that only the programs have: nonce, ciphertext, tag; null: not sealed.';
comment on column sluice.credential.sealed_key is 'Name of that key; null: not sealed.';

alter table sluice.model_route
  alter column region drop not null,
  add column headers           jsonb   not null default '{}',
  add column query             jsonb   not null default '{}',
  add column http_version      integer not null default 1,
  add column concurrency_limit integer,
  drop constraint model_route_driver_check,
  drop constraint model_route_credential_id_check,
  drop constraint model_route_key,
  add constraint model_route_key unique nulls not distinct (model_id, priority, driver, provider_model, region),
  -- A driver is the program's: a new one changes no schema.
  add constraint model_route_driver_check check (driver ~ '^[a-z][a-z0-9_-]{0,31}$'),
  add constraint model_route_credential_id_check
    check (region is null or region ~ '^https?://' or credential_id is not null),
  add constraint model_route_headers_check check (jsonb_typeof(headers) = 'object'),
  add constraint model_route_query_check check (jsonb_typeof(query) = 'object'),
  add constraint model_route_http_version_check check (http_version in (1, 2)),
  add constraint model_route_concurrency_limit_check check (concurrency_limit > 0);

comment on column sluice.model_route.priority is
  'Routes of the least number are tried first, those of the next when none of these can serve.';
comment on column sluice.model_route.weight is 'Share of turns among routes of one priority.';
comment on column sluice.model_route.driver is
  'The wire format of the provider, as the program calls it: openai, azure, gateway, responses, anthropic, ollama, '
  'bedrock, gemini, echo.';
comment on column sluice.model_route.region is
  'A short name is the prefix of the credential''s managed domain, or a region of the provider; what begins with http:// '
  'or https:// is the whole endpoint; null: the provider''s own.';
comment on column sluice.model_route.overrides is
  'Object that is merged into the body of the request (JSON Merge Patch, RFC 7396), over all that the virtual model says.';
comment on column sluice.model_route.headers is 'Object of strings: further headers of the request. No secrets.';
comment on column sluice.model_route.query is 'Object of strings: further parameters of the request''s URL. No secrets.';
comment on column sluice.model_route.http_version is
  '1: HTTP/1.1, a connection for each turn; 2: HTTP/2, many turns on one connection.';
comment on column sluice.model_route.concurrency_limit is
  'Turns that one node runs on the route at a time; null: no limit but the node''s own.';

alter table sluice.turn
  add column upstream jsonb,
  add constraint turn_upstream_check check (jsonb_typeof(upstream) = 'object') not valid;

comment on column sluice.turn.route_id is 'The route that served it, or was tried last; null: none so far.';
comment on column sluice.turn.upstream is
  'How the providers were asked: object of attempts (route, error code, status, milliseconds), the provider''s request id '
  'and the milliseconds to the first byte and the first text; null: still streaming, or nobody knows.';

create table sluice.route_health (
  incarnation uuid        not null,
  route_id    uuid        not null,
  state       text        not null,
  failures    integer     not null,
  latency_ms  integer,
  share       real        not null,
  running     integer     not null,
  last_error  text,
  retry_at    timestamptz,
  updated_at  timestamptz not null default now(),

  constraint route_health_pkey primary key (incarnation, route_id),
  constraint route_health_incarnation_fkey foreign key (incarnation)
    references sluice.node (incarnation) on delete cascade,
  constraint route_health_route_id_fkey foreign key (route_id)
    references sluice.model_route (id) on delete cascade,
  constraint route_health_state_check check (state in ('closed', 'open', 'probing')),
  constraint route_health_failures_check check (failures >= 0),
  constraint route_health_latency_ms_check check (latency_ms >= 0),
  constraint route_health_share_check check (share between 0 and 1),
  constraint route_health_running_check check (running >= 0)
)
with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

create index route_health_route_id_idx on sluice.route_health (route_id);

comment on table sluice.route_health is 'What each node makes of the routes it has used; a node writes its own rows.';
comment on column sluice.route_health.incarnation is 'The node.';
comment on column sluice.route_health.route_id is 'The route.';
comment on column sluice.route_health.state is
  'closed: it serves; open: it has failed again and again and is left out until retry_at; probing: one turn tries it.';
comment on column sluice.route_health.failures is 'Failures since the last success.';
comment on column sluice.route_health.latency_ms is
  'Recent time from the request to the first text, in milliseconds; null: none has come.';
comment on column sluice.route_health.share is
  'Part of its weight that it is given: less than 1 for a route much slower than the best of its priority.';
comment on column sluice.route_health.running is 'Turns that the node runs on it.';
comment on column sluice.route_health.last_error is 'Code of the last failure; null: none.';
comment on column sluice.route_health.retry_at is 'Until then it is left out; null: it is not.';
comment on column sluice.route_health.updated_at is 'When the row was written.';

create view sluice.route_status as
select
  model.name as model,
  route.id as route_id,
  route.priority,
  route.weight,
  route.driver,
  route.provider_model,
  route.enabled,
  coalesce(health.state, 'closed') as state,
  coalesce(health.failures, 0) as failures,
  health.latency_ms,
  coalesce(health.share, 1) as share,
  coalesce(health.running, 0) as running,
  health.last_error,
  health.retry_at,
  coalesce(health.nodes, 0) as nodes
from sluice.model_route as route
inner join sluice.virtual_model as model on model.id = route.model_id
left join lateral (
  select
    -- The worst of what the nodes say.
    (array_agg(one.state order by array_position(array['open', 'probing', 'closed'], one.state)))[1] as state,
    max(one.failures) as failures,
    round(avg(one.latency_ms))::integer as latency_ms,
    min(one.share) as share,
    sum(one.running)::integer as running,
    (array_agg(one.last_error order by one.updated_at desc) filter (where one.last_error is not null))[1] as last_error,
    max(one.retry_at) filter (where one.retry_at > now()) as retry_at,
    count(*)::integer as nodes
  from sluice.route_health as one
  inner join sluice.node on node.incarnation = one.incarnation
  where one.route_id = route.id
    and node.voided_at is null
    and node.lease_until > now()
) as health on true;

comment on view sluice.route_status is 'Routes and what the live nodes make of them. No content.';
comment on column sluice.route_status.model is 'Name of the virtual model.';
comment on column sluice.route_status.route_id is 'The route.';
comment on column sluice.route_status.priority is 'Its priority.';
comment on column sluice.route_status.weight is 'Its weight.';
comment on column sluice.route_status.driver is 'Its driver.';
comment on column sluice.route_status.provider_model is 'The model as the provider calls it.';
comment on column sluice.route_status.enabled is 'False: no turn takes it.';
comment on column sluice.route_status.state is 'The worst that a live node says: open, probing or closed.';
comment on column sluice.route_status.failures is 'Most failures since a success on one node.';
comment on column sluice.route_status.latency_ms is
  'Recent time to the first text, the mean of the nodes, in milliseconds; null: none has come.';
comment on column sluice.route_status.share is 'Least part of its weight that a node gives it.';
comment on column sluice.route_status.running is 'Turns on it now.';
comment on column sluice.route_status.last_error is 'Code of the newest failure; null: none.';
comment on column sluice.route_status.retry_at is 'Until then some node leaves it out; null: none does.';
comment on column sluice.route_status.nodes is 'Live nodes that have used it.';

grant select, insert, update, delete on sluice.route_health to sluice_app;
grant select on sluice.route_status to sluice_app, sluice_report;
grant select on sluice.route_health, sluice.route_status to sluice_admin;
grant select (upstream) on sluice.turn to sluice_admin;

insert into sluice.schema_change (name)
values ('routing');

commit;
