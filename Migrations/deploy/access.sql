-- Deploy sluice:access to pg
-- requires: delivery

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
      lock table sluice.surface, sluice.virtual_model, sluice.identity in access exclusive mode;
      return;
    exception when lock_not_available then
      perform pg_sleep(0.05 * random());
    end;
  end loop;
  raise lock_not_available using message = 'The tables are in use without a pause: deploy again.';
end
$$;

create table sluice.role (
  id         uuid        not null default gen_random_uuid(),
  name       text        not null,
  all_models boolean     not null default false,
  all_tools  boolean     not null default false,
  created_at timestamptz not null default now(),

  constraint role_pkey primary key (id),
  constraint role_name_key unique (name),
  constraint role_name_check check (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$')
);

comment on table sluice.role is
  'What its members may use. An identity has the roles it was given, and one more from the surface it comes by.';
comment on column sluice.role.id is 'Key.';
comment on column sluice.role.name is 'What operators call it.';
comment on column sluice.role.all_models is 'True: every virtual model, those to come included.';
comment on column sluice.role.all_tools is 'True: every tool, those to come included.';
comment on column sluice.role.created_at is 'When the row was made.';

-- What everybody could do before there were roles. Not special: it can be renamed, narrowed, and left by every surface.
insert into sluice.role (id, name, all_models, all_tools)
values ('00000000-0000-4000-8000-000000000001', 'everyone', true, true);

create table sluice.role_model (
  role_id  uuid not null,
  model_id uuid not null,

  constraint role_model_pkey primary key (role_id, model_id),
  constraint role_model_role_id_fkey foreign key (role_id) references sluice.role (id) on delete cascade,
  constraint role_model_model_id_fkey foreign key (model_id) references sluice.virtual_model (id) on delete cascade
);

create index role_model_model_id_idx on sluice.role_model (model_id);

comment on table sluice.role_model is 'Virtual models that a role grants, one by one.';
comment on column sluice.role_model.role_id is 'The role.';
comment on column sluice.role_model.model_id is 'The virtual model.';

create table sluice.role_tool (
  role_id uuid not null,
  tool    text not null,

  constraint role_tool_pkey primary key (role_id, tool),
  constraint role_tool_role_id_fkey foreign key (role_id) references sluice.role (id) on delete cascade,
  constraint role_tool_tool_check check (tool ~ '^[A-Za-z0-9_.:/-]{1,128}$')
);

comment on table sluice.role_tool is 'Tools that a role grants, one by one.';
comment on column sluice.role_tool.role_id is 'The role.';
comment on column sluice.role_tool.tool is 'Name of the tool, as models and clients call it.';

create table sluice.identity_role (
  identity_id uuid        not null,
  role_id     uuid        not null,
  granted_at  timestamptz not null default now(),

  constraint identity_role_pkey primary key (identity_id, role_id),
  constraint identity_role_identity_id_fkey foreign key (identity_id) references sluice.identity (id) on delete cascade,
  constraint identity_role_role_id_fkey foreign key (role_id) references sluice.role (id) on delete cascade
);

create index identity_role_role_id_idx on sluice.identity_role (role_id);

comment on table sluice.identity_role is 'Roles given to identities; they hold on every surface.';
comment on column sluice.identity_role.identity_id is 'Whom it was given to.';
comment on column sluice.identity_role.role_id is 'The role.';
comment on column sluice.identity_role.granted_at is 'When it was given.';

alter table sluice.surface
  add column role_id           uuid          default '00000000-0000-4000-8000-000000000001',
  add column anonymous_role_id uuid          default '00000000-0000-4000-8000-000000000001',
  add column capabilities      text[]        not null default '{poll,sse,classic,openai,tools,images}',
  add column team              text,
  add column project           text,
  add column retention_days    integer,
  add constraint surface_role_id_fkey foreign key (role_id) references sluice.role (id),
  add constraint surface_anonymous_role_id_fkey foreign key (anonymous_role_id) references sluice.role (id),
  add constraint surface_capabilities_check check (
    capabilities <@ array['poll', 'sse', 'classic', 'openai', 'tools', 'images', 'links']
    and array_position(capabilities, null) is null
  ),
  add constraint surface_team_check check (length(team) between 1 and 100),
  add constraint surface_project_check check (length(project) between 1 and 100),
  add constraint surface_retention_days_check check (retention_days between 1 and 36500);

comment on column sluice.surface.role_id is 'Role of every person and service that comes by it; null: none.';
comment on column sluice.surface.anonymous_role_id is 'Role of anonymous visitors; null: none, so no virtual model.';
comment on column sluice.surface.capabilities is
  'What can be done by it: poll, sse: ways to read a stream; classic: the whole response at once; openai: the '
  'OpenAI-compatible routes; tools, images: in a start; links: its keys may say who on other surfaces is the same '
  'person.';
comment on column sluice.surface.team is 'Whose usage that of its identities is, unless they say themselves; null: unknown.';
comment on column sluice.surface.project is 'What their usage is for, likewise; null: unknown.';
comment on column sluice.surface.retention_days is
  'Conversations begun on it are deleted when nothing was said in them for so many days; null: never.';

alter table sluice.identity
  add column team        text,
  add column project     text,
  add column merged_into uuid,
  add column merged_at   timestamptz,
  add column erased_at   timestamptz,
  add constraint identity_team_check check (length(team) between 1 and 100) not valid,
  add constraint identity_project_check check (length(project) between 1 and 100) not valid,
  add constraint identity_merged_into_check check (merged_into <> id) not valid,
  add constraint identity_merged_at_check check ((merged_at is null) = (merged_into is null)) not valid,
  add constraint identity_merged_into_fkey foreign key (merged_into) references sluice.identity (id) not valid;

comment on column sluice.identity.team is 'Whose usage its usage is; null: as its surface says.';
comment on column sluice.identity.project is 'What its usage is for; null: as its surface says.';
comment on column sluice.identity.merged_into is
  'The identity that it has become: what was its own is that one''s, its tokens act for that one; null: itself.';
comment on column sluice.identity.merged_at is 'When it became that one; null: itself.';
comment on column sluice.identity.erased_at is 'When all that it had said was deleted, for good; null: it was not.';

create table sluice.jwt_issuer (
  id            uuid        not null default gen_random_uuid(),
  surface_id    uuid        not null,
  issuer        text        not null,
  audience      text        not null,
  algorithms    text[]      not null,
  jwks          text,
  secret        text,
  clock_skew_s  integer     not null default 30,
  lifetime_s    integer     not null default 86400,
  once          boolean     not null default false,
  enabled       boolean     not null default true,
  created_at    timestamptz not null default now(),

  constraint jwt_issuer_pkey primary key (id),
  constraint jwt_issuer_issuer_audience_key unique (issuer, audience),
  constraint jwt_issuer_surface_id_fkey foreign key (surface_id) references sluice.surface (id) on delete cascade,
  constraint jwt_issuer_issuer_check check (length(issuer) between 1 and 255),
  constraint jwt_issuer_audience_check check (length(audience) between 1 and 255),
  constraint jwt_issuer_algorithms_check check (
    cardinality(algorithms) > 0
    and array_position(algorithms, null) is null
    and algorithms <@ array['EdDSA', 'ES256', 'RS256', 'HS256']
  ),
  constraint jwt_issuer_jwks_check check (jwks ~ '^(https?://[^[:space:]]+|file:/[^[:space:]]+)$'),
  constraint jwt_issuer_secret_check check (secret ~ '^(env:[A-Za-z_][A-Za-z0-9_]*|file:/.+)$'),
  -- A public key must never be taken for a shared secret: an issuer has one kind of key, and the algorithms of that kind.
  constraint jwt_issuer_keys_check check (
    num_nonnulls(jwks, secret) = 1
    and (secret is not null) = (algorithms = array['HS256'])
    and (jwks is not null) = not ('HS256' = any (algorithms))
  ),
  constraint jwt_issuer_clock_skew_s_check check (clock_skew_s between 0 and 300),
  constraint jwt_issuer_lifetime_s_check check (lifetime_s between 60 and 2592000)
);

create index jwt_issuer_surface_id_idx on sluice.jwt_issuer (surface_id);

comment on table sluice.jwt_issuer is 'Back ends whose JSON Web Tokens (RFC 7519) are accepted for a surface.';
comment on column sluice.jwt_issuer.id is 'Key.';
comment on column sluice.jwt_issuer.surface_id is 'The surface that bearers of its tokens come by.';
comment on column sluice.jwt_issuer.issuer is 'The claim `iss` of its tokens, byte for byte.';
comment on column sluice.jwt_issuer.audience is 'What the claim `aud` must be, or hold.';
comment on column sluice.jwt_issuer.algorithms is 'Accepted signatures: EdDSA, ES256, RS256 with jwks; HS256, alone, with secret.';
comment on column sluice.jwt_issuer.jwks is
  'Where its public keys are, a JSON Web Key Set (RFC 7517): `https://…` or `file:/path`; null: it signs with secret.';
comment on column sluice.jwt_issuer.secret is
  '`env:NAME` or `file:/path`: where the programs find the shared secret of HS256; null: it signs with a key of jwks.';
comment on column sluice.jwt_issuer.clock_skew_s is 'How far its clock may be off, in seconds.';
comment on column sluice.jwt_issuer.lifetime_s is 'Longest time between issue and expiry that is accepted, in seconds.';
comment on column sluice.jwt_issuer.once is
  'True: a token is good for one session request and needs a `jti`; false: also for everything else, until it expires.';
comment on column sluice.jwt_issuer.enabled is 'False: its tokens are refused.';
comment on column sluice.jwt_issuer.created_at is 'When the row was made.';

create table sluice.revocation (
  id          uuid        not null default gen_random_uuid(),
  identity_id uuid,
  jti         text,
  revoked_at  timestamptz not null default now(),
  expires_at  timestamptz not null default now() + interval '31 days',
  reason      text,
  created_at  timestamptz not null default now(),

  constraint revocation_pkey primary key (id),
  constraint revocation_identity_id_fkey foreign key (identity_id) references sluice.identity (id) on delete cascade,
  constraint revocation_subject_check check (num_nonnulls(identity_id, jti) = 1),
  constraint revocation_jti_check check (length(jti) between 1 and 255),
  constraint revocation_reason_check check (length(reason) between 1 and 200)
);

create index revocation_identity_id_idx on sluice.revocation (identity_id);
create index revocation_expires_at_idx on sluice.revocation (expires_at);
create index revocation_created_at_idx on sluice.revocation (created_at);

comment on table sluice.revocation is 'Tokens that are refused before they expire. Nodes have it in memory.';
comment on column sluice.revocation.id is 'Key.';
comment on column sluice.revocation.identity_id is
  'Whose tokens: those issued up to revoked_at. Infinity in both times keeps an identity out altogether, with its keys; '
  'null: one token.';
comment on column sluice.revocation.jti is 'The claim `jti` of the one token; null: an identity''s.';
comment on column sluice.revocation.revoked_at is
  'Tokens of the identity issued until 5 s after that are refused: so long a node may not know of it.';
comment on column sluice.revocation.expires_at is
  'From then on the row is of no use, as the tokens have expired; the program deletes it.';
comment on column sluice.revocation.reason is 'Why, for operators; null: not said.';
comment on column sluice.revocation.created_at is 'When the row was made; nodes look for new ones by it.';

create table sluice.token_use (
  token      text        not null,
  expires_at timestamptz not null,

  constraint token_use_pkey primary key (token),
  constraint token_use_token_check check (length(token) between 1 and 600)
);

create index token_use_expires_at_idx on sluice.token_use (expires_at);

comment on table sluice.token_use is 'Tokens that are good for one use and were used. The program deletes them once they expire.';
comment on column sluice.token_use.token is 'What identifies it: `link:` and its id, or `jwt:`, its issuer''s id and its `jti`.';
comment on column sluice.token_use.expires_at is 'When the token itself expires, clock skew included.';

create function sluice.roles_of(identity uuid, surface uuid)
returns setof uuid
language sql
stable
parallel safe
begin atomic
  select given.role_id
  from sluice.identity_role as given
  where given.identity_id = roles_of.identity
  union
  select case who.kind when 'anonymous' then s.anonymous_role_id else s.role_id end
  from sluice.surface as s
  cross join sluice.identity as who
  where s.id = roles_of.surface
    and who.id = roles_of.identity;
end;

comment on function sluice.roles_of (uuid, uuid) is
  'Roles of an identity that comes by a surface; a null among them is no role.';

revoke all on function sluice.roles_of (uuid, uuid) from public;
grant execute on function sluice.roles_of (uuid, uuid) to sluice_app, sluice_admin;

grant select on sluice.role, sluice.role_model, sluice.role_tool, sluice.identity_role, sluice.jwt_issuer to sluice_app;
grant delete on sluice.identity_link to sluice_app;
grant select, insert, delete on sluice.revocation, sluice.token_use to sluice_app;
-- To lock what it is about to delete.
grant update on sluice.token_use to sluice_app;

grant select, insert, update, delete
on sluice.role, sluice.role_model, sluice.role_tool, sluice.identity_role, sluice.jwt_issuer, sluice.revocation
to sluice_admin;
grant select, insert, delete on sluice.identity_link to sluice_admin;
grant update (display_name, team, project) on sluice.identity to sluice_admin;

insert into sluice.schema_change (name)
values ('access');

commit;
