-- Deploy sluice:conversation to pg
-- requires: identity
-- requires: surface

begin;

set local role sluice_owner;

create table sluice.conversation (
  id          uuid        not null,
  identity_id uuid        not null,
  surface_id  uuid        not null,
  live_turn   uuid,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),

  constraint conversation_pkey primary key (id),
  constraint conversation_identity_id_fkey foreign key (identity_id) references sluice.identity (id),
  constraint conversation_surface_id_fkey foreign key (surface_id) references sluice.surface (id)
)
-- Updated at the start and at the end of each turn.
with (
  fillfactor = 80,
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_analyze_scale_factor = 0.02
);

create index conversation_identity_id_updated_at_idx on sluice.conversation (identity_id, updated_at desc);

comment on table sluice.conversation is 'Messages that belong together, of one identity, begun on one surface.';
comment on column sluice.conversation.id is 'Key, made by the program.';
comment on column sluice.conversation.identity_id is 'Whose it is.';
comment on column sluice.conversation.surface_id is 'Where it began.';
comment on column sluice.conversation.live_turn is
  'The turn that streams now, one at most: a start sets it, the terminal write clears it. No foreign key, the turn '
  'follows it.';
comment on column sluice.conversation.created_at is 'When it began.';
comment on column sluice.conversation.updated_at is 'When its last turn began or ended.';

create table sluice.message (
  conversation_id uuid        not null,
  id              uuid        not null,
  parent_id       uuid,
  role            text        not null,
  parts           jsonb       not null,
  turn_id         uuid,
  created_at      timestamptz not null default now(),

  constraint message_pkey primary key (conversation_id, id),
  constraint message_conversation_id_fkey foreign key (conversation_id)
    references sluice.conversation (id) on delete cascade,
  constraint message_parent_id_fkey foreign key (conversation_id, parent_id)
    references sluice.message (conversation_id, id),
  constraint message_parent_id_check check (parent_id <> id),
  constraint message_role_check check (role in ('user', 'assistant', 'system', 'tool')),
  constraint message_parts_check check (jsonb_typeof(parts) = 'array')
);

-- A start looks for the newest message, however long the conversation is.
create index message_conversation_id_created_at_idx on sluice.message (conversation_id, created_at desc, id desc);

comment on table sluice.message is
  'A message, never changed. Messages form a tree by parent_id: an edit or a new answer is another branch.';
comment on column sluice.message.conversation_id is 'The conversation.';
comment on column sluice.message.id is 'Key within the conversation, made by the program.';
comment on column sluice.message.parent_id is 'The message it follows; null: the first.';
comment on column sluice.message.role is 'user, assistant, system or tool.';
comment on column sluice.message.parts is 'Array of content parts, such as {"type": "text", "text": "…"}.';
comment on column sluice.message.turn_id is
  'The turn that brought it; null: none did. No foreign key: turn may be distributed by another key.';
comment on column sluice.message.created_at is 'When it was written.';

grant select, insert, update on sluice.conversation to sluice_app;
grant select, insert on sluice.message to sluice_app;

insert into sluice.schema_change (name)
values ('conversation');

commit;
