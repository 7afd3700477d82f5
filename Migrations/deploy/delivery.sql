-- Deploy sluice:delivery to pg
-- requires: routing

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
      lock table sluice.virtual_model, sluice.surface, sluice.turn in access exclusive mode;
      return;
    exception when lock_not_available then
      perform pg_sleep(0.05 * random());
    end;
  end loop;
  raise lock_not_available using message = 'The tables are in use without a pause: deploy again.';
end
$$;

alter table sluice.virtual_model
  drop constraint virtual_model_chunking_check,
  drop constraint virtual_model_on_interrupt_check,
  add column chunk_bytes      integer not null default 128,
  add column chunk_delay_ms   integer not null default 250,
  add column abandon_after_ms integer,
  add constraint virtual_model_chunking_check check (chunking in ('immediate', 'interval', 'words', 'sentences')),
  add constraint virtual_model_chunk_bytes_check check (chunk_bytes between 1 and 4096),
  add constraint virtual_model_chunk_delay_ms_check check (chunk_delay_ms between 10 and 10000),
  add constraint virtual_model_on_interrupt_check check (on_interrupt in ('keep', 'restart')),
  add constraint virtual_model_abandon_after_ms_check check (abandon_after_ms between 1000 and 86400000);

comment on column sluice.virtual_model.chunking is
  'How text is gathered into chunks; immediate: as it arrives; interval: until there is enough of it; words: likewise, '
  'up to the end of a word; sentences: up to the end of a sentence.';
comment on column sluice.virtual_model.chunk_bytes is
  'Bytes of text at which a chunk is enough of it; of no effect on immediate.';
comment on column sluice.virtual_model.chunk_delay_ms is
  'Longest that text waits for its chunk, in milliseconds; of no effect on immediate.';
comment on column sluice.virtual_model.on_interrupt is
  'When the owner of a turn dies; keep: the text so far stays and the turn ends interrupted; restart: another node asks '
  'the provider again and the text starts over, at most twice.';
comment on column sluice.virtual_model.abandon_after_ms is
  'A turn that nobody has read for so long is cancelled, in milliseconds; null: it is completed and stored.';

alter table sluice.surface
  add column chunking       text,
  add column chunk_bytes    integer,
  add column chunk_delay_ms integer,
  add constraint surface_chunking_check check (chunking in ('immediate', 'interval', 'words', 'sentences')),
  add constraint surface_chunk_bytes_check check (chunk_bytes between 1 and 4096),
  add constraint surface_chunk_delay_ms_check check (chunk_delay_ms between 10 and 10000);

comment on column sluice.surface.chunking is
  'How text of turns started here is gathered, as in virtual_model; null: as the virtual model says.';
comment on column sluice.surface.chunk_bytes is 'Bytes of text at which a chunk is enough; null: as the virtual model says.';
comment on column sluice.surface.chunk_delay_ms is
  'Longest that text waits for its chunk, in milliseconds; null: as the virtual model says.';

alter table sluice.turn
  drop constraint turn_on_interrupt_check,
  add column request          jsonb,
  add column restarts         smallint not null default 0,
  add column abandon_after_ms integer,
  add column read_at          timestamptz,
  add constraint turn_on_interrupt_check check (on_interrupt in ('keep', 'restart')) not valid,
  add constraint turn_request_check check (jsonb_typeof(request) = 'object') not valid,
  add constraint turn_restarts_check check (restarts between 0 and 2) not valid;

comment on column sluice.turn.request is
  'What the client sent beside the message, if its turn does not go on with a conversation: messages, tools, parameters; '
  'null: the conversation is the history.';
comment on column sluice.turn.restarts is 'How often another node has begun it anew.';
comment on column sluice.turn.abandon_after_ms is 'As the virtual model said at the start.';
comment on column sluice.turn.read_at is
  'When a node that does not own it last had a reader of it, to about 5 s; kept only where abandon_after_ms is set.';

-- request is the client's own, like metadata.
grant select (restarts, abandon_after_ms, read_at) on sluice.turn to sluice_admin;

insert into sluice.schema_change (name)
values ('delivery');

commit;
