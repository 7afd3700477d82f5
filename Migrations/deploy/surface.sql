-- Deploy sluice:surface to pg
-- requires: model

begin;

set local role sluice_owner;

create table sluice.surface (
  id              uuid        not null default gen_random_uuid(),
  name            text        not null,
  kind            text        not null,
  allowed_origins text[]      not null default '{}',
  anonymous       boolean     not null default false,
  default_model   text,
  pace_ms         integer     not null default 250,
  session_limit   integer     not null default 60,
  enabled         boolean     not null default true,
  created_at      timestamptz not null default now(),

  constraint surface_pkey primary key (id),
  constraint surface_name_key unique (name),
  constraint surface_default_model_fkey foreign key (default_model)
    references sluice.virtual_model (name) on update cascade,
  constraint surface_name_check check (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
  constraint surface_kind_check check (kind in ('web', 'clientapi', 'discord', 'teams', 'salesforce', 'backend')),
  -- Origins are compared byte for byte with what browsers send: lower case, no path, no slash at the end.
  constraint surface_allowed_origins_check check (
    allowed_origins = '{}'
    or array_position(allowed_origins, null) is null
    and array_to_string(allowed_origins, '') !~ '[[:space:]]'
    and array_to_string(allowed_origins, ' ') || ' '
      ~ '^((\*|[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?) )+$'
  ),
  constraint surface_pace_ms_check check (pace_ms between 0 and 60000),
  constraint surface_session_limit_check check (session_limit >= 0)
);

comment on table sluice.surface is
  'A channel where conversations happen. Conversations keep pointing at it: one that is over is disabled, not deleted.';
comment on column sluice.surface.id is 'Key.';
comment on column sluice.surface.name is 'The `surface` of a session request.';
comment on column sluice.surface.kind is 'web, clientapi, discord, teams, salesforce or backend.';
comment on column sluice.surface.allowed_origins is
  'Origins (`scheme://host[:port]`, lower case) whose pages may call; `*`: all; empty: the own origin only.';
comment on column sluice.surface.anonymous is 'True: visitors get a session without an account.';
comment on column sluice.surface.default_model is
  'Name of the virtual model of a start that names none; null: a start must name one.';
comment on column sluice.surface.pace_ms is 'Least time between two replies to one reader, in milliseconds.';
comment on column sluice.surface.session_limit is 'Anonymous sessions given per minute by each node; 0: none.';
comment on column sluice.surface.enabled is 'False: no session and no turn starts on it.';
comment on column sluice.surface.created_at is 'When the row was made.';

grant select on sluice.surface to sluice_app;

insert into sluice.schema_change (name)
values ('surface');

commit;
