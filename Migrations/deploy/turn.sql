-- Deploy sluice:turn to pg
-- requires: schema_change

begin;

set local role sluice_owner;

create table sluice.turn (
  id                  uuid        not null,
  conversation_id     uuid        not null,
  identity_id         uuid        not null,
  surface_id          uuid        not null,
  user_message_id     uuid        not null,
  message_id          uuid        not null,
  model_name          text        not null,
  route_id            uuid,
  durability          text        not null,
  on_interrupt        text        not null,
  owner               uuid        not null,
  state               text        not null default 'streaming',
  epoch               integer     not null default 1,
  chunks              integer,
  finish_reason       text,
  error               jsonb,
  usage               jsonb,
  metadata            jsonb       not null default '{}',
  created_at          timestamptz not null default now(),
  ended_at            timestamptz,
  cancel_requested_at timestamptz,

  constraint turn_pkey primary key (id),
  constraint turn_durability_check check (durability in ('commit', 'relaxed')),
  constraint turn_on_interrupt_check check (on_interrupt in ('keep')),
  constraint turn_state_check check (state in ('streaming', 'done', 'error', 'cancelled', 'interrupted')),
  constraint turn_epoch_check check (epoch > 0),
  -- The terminal chunk counts.
  constraint turn_chunks_check check (chunks > 0),
  constraint turn_end_check check (
    (state = 'streaming') = (ended_at is null)
    and (state = 'streaming') = (chunks is null)
  ),
  constraint turn_error_check check (
    case
      when error is null then state <> 'error'
      else jsonb_typeof(error) = 'object'
    end
  ),
  constraint turn_usage_check check (jsonb_typeof(usage) = 'object'),
  constraint turn_metadata_check check (jsonb_typeof(metadata) = 'object')
)
-- Inserted at the start, updated once or twice, then left alone.
with (
  fillfactor = 80,
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_analyze_scale_factor = 0.02
);

create index turn_live_idx on sluice.turn (owner) where state = 'streaming';
create index turn_conversation_id_created_at_idx on sluice.turn (conversation_id, created_at);
create index turn_identity_id_created_at_idx on sluice.turn (identity_id, created_at);

comment on table sluice.turn is
  'One user message and the work that answers it. No foreign keys: it can be distributed by id, apart from '
  'conversations, and a start stays cheap.';
comment on column sluice.turn.id is
  'UUIDv7 made by the program; the 12 bits after the version are the tag of the node where it was born.';
comment on column sluice.turn.conversation_id is 'The conversation.';
comment on column sluice.turn.identity_id is 'Whose turn it is: polls ask for no more than this row.';
comment on column sluice.turn.surface_id is 'Where it was started.';
comment on column sluice.turn.user_message_id is 'The message it answers.';
comment on column sluice.turn.message_id is 'The assistant''s message: chosen at the start, written at the end.';
comment on column sluice.turn.model_name is 'Name that the virtual model had at the start.';
comment on column sluice.turn.route_id is 'The route that serves it; null: none chosen yet.';
comment on column sluice.turn.durability is 'As the virtual model said at the start.';
comment on column sluice.turn.on_interrupt is 'As the virtual model said at the start.';
comment on column sluice.turn.owner is 'Incarnation of the node that runs it; only that one writes its chunks.';
comment on column sluice.turn.state is
  'streaming, then once and for good one of done, error, cancelled, interrupted.';
comment on column sluice.turn.epoch is 'Counts from 1; grows when the text starts over.';
comment on column sluice.turn.chunks is 'Chunks of the last epoch, the terminal one included; null: still streaming.';
comment on column sluice.turn.finish_reason is 'Why the model stopped, such as stop or length; null: it did not say.';
comment on column sluice.turn.error is 'Object with code, message and retryable, as clients see it; null: no error.';
comment on column sluice.turn.usage is 'Object of token counts; null: unknown.';
comment on column sluice.turn.metadata is 'Object that the client gave at the start.';
comment on column sluice.turn.created_at is 'When it started.';
comment on column sluice.turn.ended_at is 'When it ended; null: still streaming.';
comment on column sluice.turn.cancel_requested_at is 'When somebody asked to cancel it; null: nobody did.';

create table sluice.idempotency (
  identity_id uuid        not null,
  key         text        not null,
  turn_id     uuid        not null,
  body_hash   bytea       not null,
  created_at  timestamptz not null default now(),

  constraint idempotency_pkey primary key (identity_id, key),
  constraint idempotency_key_check check (length(key) between 1 and 255),
  constraint idempotency_body_hash_check check (octet_length(body_hash) = 32)
)
-- A row per start, gone after a day.
with (
  fillfactor = 90,
  autovacuum_vacuum_scale_factor = 0.05,
  autovacuum_analyze_scale_factor = 0.05
);

create index idempotency_created_at_idx on sluice.idempotency (created_at);

comment on table sluice.idempotency is
  'Idempotency keys of starts, honoured for 24 hours, then deleted by the program.';
comment on column sluice.idempotency.identity_id is 'Who used the key; another identity may use the same.';
comment on column sluice.idempotency.key is 'The `Idempotency-Key` header.';
comment on column sluice.idempotency.turn_id is 'The turn that the key started.';
comment on column sluice.idempotency.body_hash is 'SHA-256 of the request without `stream`: another body is refused.';
comment on column sluice.idempotency.created_at is 'When the key was first used.';

grant select, insert, update on sluice.turn to sluice_app;
grant select, insert, update, delete on sluice.idempotency to sluice_app;

insert into sluice.schema_change (name)
values ('turn');

commit;
