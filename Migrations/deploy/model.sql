-- Deploy sluice:model to pg
-- requires: schema_change

begin;

set local role sluice_owner;

create table sluice.credential (
  id             uuid        not null default gen_random_uuid(),
  name           text        not null,
  reference      text        not null,
  managed_domain text,
  created_at     timestamptz not null default now(),

  constraint credential_pkey primary key (id),
  constraint credential_name_key unique (name),
  constraint credential_name_check check (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
  constraint credential_reference_check check (reference ~ '^(env|file):.+'),
  constraint credential_managed_domain_check
    check (managed_domain ~ '^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:[0-9]{1,5})?$')
);

comment on table sluice.credential is 'Where the program finds a secret of a model provider. Never the secret itself.';
comment on column sluice.credential.id is 'Key.';
comment on column sluice.credential.name is 'Name for operators.';
comment on column sluice.credential.reference is
  '`env:NAME` or `file:/path`: resolved by the program on its own machine.';
comment on column sluice.credential.managed_domain is
  'Domain of the gateway the secret is for: a short region of a route makes `https://{region}.{managed_domain}`; '
  'null: none.';
comment on column sluice.credential.created_at is 'When the row was made.';

create table sluice.virtual_model (
  id            uuid        not null default gen_random_uuid(),
  name          text        not null,
  title         text        not null,
  enabled       boolean     not null default true,
  stream        boolean     not null default true,
  notool        boolean     not null default false,
  nopreprompt   boolean     not null default false,
  system_prompt text,
  parameters    jsonb       not null default '{}',
  durability    text        not null default 'commit',
  chunking      text        not null default 'immediate',
  reasoning     text        not null default 'hidden',
  history_limit integer     not null default 100,
  on_interrupt  text        not null default 'keep',
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),

  constraint virtual_model_pkey primary key (id),
  constraint virtual_model_name_key unique (name),
  constraint virtual_model_name_check check (name ~ '^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,127}$'),
  constraint virtual_model_title_check check (length(title) between 1 and 200),
  constraint virtual_model_parameters_check check (jsonb_typeof(parameters) = 'object'),
  constraint virtual_model_durability_check check (durability in ('commit', 'relaxed')),
  constraint virtual_model_chunking_check check (chunking in ('immediate')),
  constraint virtual_model_reasoning_check check (reasoning in ('hidden', 'progress', 'full')),
  constraint virtual_model_history_limit_check check (history_limit > 0),
  constraint virtual_model_on_interrupt_check check (on_interrupt in ('keep'))
);

comment on table sluice.virtual_model is 'What a user can choose. A change takes effect on the next turn.';
comment on column sluice.virtual_model.id is 'Key.';
comment on column sluice.virtual_model.name is 'The `model` of a request.';
comment on column sluice.virtual_model.title is 'What people read.';
comment on column sluice.virtual_model.enabled is 'False: no turn starts on it.';
comment on column sluice.virtual_model.stream is 'False: the provider is asked without streaming.';
comment on column sluice.virtual_model.notool is 'True: no key that speaks of tools is sent to the provider.';
comment on column sluice.virtual_model.nopreprompt is 'True: system_prompt is not sent to the provider.';
comment on column sluice.virtual_model.system_prompt is 'Sent before the history; null: none.';
comment on column sluice.virtual_model.parameters is
  'Object of request parameters for the provider, such as temperature.';
comment on column sluice.virtual_model.durability is
  'commit: readers see what PostgreSQL has committed; relaxed: text is served on arrival and persisted right after.';
comment on column sluice.virtual_model.chunking is 'How text is gathered into events; immediate: as it arrives.';
comment on column sluice.virtual_model.reasoning is
  'What clients see of the reasoning: hidden nothing, progress that it thinks, full its text.';
comment on column sluice.virtual_model.history_limit is 'Messages of the conversation sent to the provider at most.';
comment on column sluice.virtual_model.on_interrupt is
  'When the owner of a turn dies; keep: the text so far stays and the turn ends interrupted.';
comment on column sluice.virtual_model.created_at is 'When the row was made.';
comment on column sluice.virtual_model.updated_at is 'When the row was last changed; kept by a trigger.';

create function sluice.virtual_model_touch()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  new.updated_at := now();
  return new;
end
$$;

comment on function sluice.virtual_model_touch() is 'Keeps virtual_model.updated_at true, whoever edits the row.';

revoke execute on function sluice.virtual_model_touch() from public;

create trigger virtual_model_touch
before update on sluice.virtual_model
for each row
execute function sluice.virtual_model_touch();

create table sluice.model_route (
  id                    uuid        not null default gen_random_uuid(),
  model_id              uuid        not null,
  priority              integer     not null default 1,
  weight                integer     not null default 1,
  driver                text        not null,
  provider_model        text        not null,
  credential_id         uuid,
  region                text        not null,
  overrides             jsonb       not null default '{}',
  connect_timeout_ms    integer     not null default 5000,
  first_byte_timeout_ms integer     not null default 60000,
  idle_timeout_ms       integer     not null default 60000,
  enabled               boolean     not null default true,
  created_at            timestamptz not null default now(),

  constraint model_route_pkey primary key (id),
  constraint model_route_key unique (model_id, priority, driver, provider_model, region),
  constraint model_route_model_id_fkey foreign key (model_id)
    references sluice.virtual_model (id) on delete cascade,
  constraint model_route_credential_id_fkey foreign key (credential_id)
    references sluice.credential (id),
  constraint model_route_priority_check check (priority > 0),
  constraint model_route_weight_check check (weight > 0),
  constraint model_route_driver_check check (driver in ('openai')),
  constraint model_route_provider_model_check check (length(provider_model) between 1 and 255),
  constraint model_route_region_check
    check (region ~ '^(https?://[^[:space:]]+|[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?)$'),
  -- A short region has its domain from the credential.
  constraint model_route_credential_id_check check (region ~ '^https?://' or credential_id is not null),
  constraint model_route_overrides_check check (jsonb_typeof(overrides) = 'object'),
  constraint model_route_connect_timeout_ms_check check (connect_timeout_ms > 0),
  constraint model_route_first_byte_timeout_ms_check check (first_byte_timeout_ms > 0),
  constraint model_route_idle_timeout_ms_check check (idle_timeout_ms > 0)
);

comment on table sluice.model_route is 'Where a virtual model can be served. Clients never see a word of it.';
comment on column sluice.model_route.id is 'Key.';
comment on column sluice.model_route.model_id is 'The virtual model.';
comment on column sluice.model_route.priority is 'Routes of the least number are tried first.';
comment on column sluice.model_route.weight is 'Share of turns among routes of one priority.';
comment on column sluice.model_route.driver is 'The wire format of the provider; openai: chat completions.';
comment on column sluice.model_route.provider_model is 'The model as the provider calls it.';
comment on column sluice.model_route.credential_id is 'The secret to send; null: none.';
comment on column sluice.model_route.region is
  'A short name is the prefix of the credential''s managed domain; what begins with http:// or https:// is the whole '
  'endpoint.';
comment on column sluice.model_route.overrides is
  'Object of request parameters that win over those of the virtual model.';
comment on column sluice.model_route.connect_timeout_ms is 'Longest wait for a connection, in milliseconds.';
comment on column sluice.model_route.first_byte_timeout_ms is
  'Longest wait from the request to the first data of the reply, in milliseconds.';
comment on column sluice.model_route.idle_timeout_ms is 'Longest silence within a reply, in milliseconds.';
comment on column sluice.model_route.enabled is 'False: no turn takes it.';
comment on column sluice.model_route.created_at is 'When the row was made.';

grant select on sluice.credential, sluice.virtual_model, sluice.model_route to sluice_app;

insert into sluice.schema_change (name)
values ('model');

commit;
