-- Deploy sluice:identity to pg
-- requires: surface

begin;

set local role sluice_owner;

create table sluice.identity (
  id           uuid        not null default gen_random_uuid(),
  kind         text        not null,
  display_name text,
  created_at   timestamptz not null default now(),

  constraint identity_pkey primary key (id),
  constraint identity_kind_check check (kind in ('anonymous', 'person', 'service')),
  constraint identity_display_name_check check (length(display_name) between 1 and 200)
);

comment on table sluice.identity is 'One person or service, the same on every surface.';
comment on column sluice.identity.id is 'Key; the program makes it, the default serves rows made by hand.';
comment on column sluice.identity.kind is
  'anonymous: a visitor with a session; person; service: what a surface key acts as.';
comment on column sluice.identity.display_name is 'What people read; null: unknown.';
comment on column sluice.identity.created_at is 'When the row was made.';

create table sluice.identity_link (
  surface_id  uuid        not null,
  external_id text        not null,
  identity_id uuid        not null,
  created_at  timestamptz not null default now(),

  constraint identity_link_pkey primary key (surface_id, external_id),
  constraint identity_link_surface_id_fkey foreign key (surface_id) references sluice.surface (id),
  constraint identity_link_identity_id_fkey foreign key (identity_id) references sluice.identity (id),
  constraint identity_link_external_id_check check (length(external_id) between 1 and 255)
);

create index identity_link_identity_id_idx on sluice.identity_link (identity_id);

comment on table sluice.identity_link is 'How a surface names an identity; links on several surfaces make them one.';
comment on column sluice.identity_link.surface_id is 'The surface.';
comment on column sluice.identity_link.external_id is 'The id that the surface uses, such as a Discord user id.';
comment on column sluice.identity_link.identity_id is 'Whom it means.';
comment on column sluice.identity_link.created_at is 'When the link was made.';

create table sluice.surface_key (
  id          uuid        not null default gen_random_uuid(),
  surface_id  uuid        not null,
  identity_id uuid        not null,
  hash        bytea       not null,
  label       text        not null,
  created_at  timestamptz not null default now(),
  expires_at  timestamptz,
  revoked_at  timestamptz,

  constraint surface_key_pkey primary key (id),
  constraint surface_key_hash_key unique (hash),
  constraint surface_key_surface_id_fkey foreign key (surface_id) references sluice.surface (id),
  constraint surface_key_identity_id_fkey foreign key (identity_id) references sluice.identity (id),
  constraint surface_key_hash_check check (octet_length(hash) = 32),
  constraint surface_key_label_check check (length(label) between 1 and 200)
);

comment on table sluice.surface_key is 'Keys by which servers call for a surface. Only the hash of a key is kept.';
comment on column sluice.surface_key.id is 'Key.';
comment on column sluice.surface_key.surface_id is 'The surface that the caller speaks for.';
comment on column sluice.surface_key.identity_id is
  'The service identity that the caller acts as when it names no user.';
comment on column sluice.surface_key.hash is 'SHA-256 of the key''s bytes: `sha256(convert_to(''…'', ''UTF8''))`.';
comment on column sluice.surface_key.label is 'Who holds the key, for operators.';
comment on column sluice.surface_key.created_at is 'When the row was made.';
comment on column sluice.surface_key.expires_at is 'The key is refused from then on; null: never.';
comment on column sluice.surface_key.revoked_at is 'The key is refused since then; null: not revoked.';

grant select, insert, update on sluice.identity, sluice.identity_link to sluice_app;
grant select on sluice.surface_key to sluice_app;

insert into sluice.schema_change (name)
values ('identity');

commit;
