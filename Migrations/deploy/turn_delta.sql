-- Deploy sluice:turn_delta to pg
-- requires: turn

begin;

set local role sluice_owner;

create function sluice.uuid_time(id uuid)
returns timestamptz
language sql
immutable
strict
parallel safe
return case
  when substr(id::text, 15, 1) = '7'
  then to_timestamp(('x0000' || substr(id::text, 1, 8) || substr(id::text, 10, 4))::bit(64)::bigint / 1000.0)
end;

comment on function sluice.uuid_time(uuid) is
  'The time within a UUIDv7, in whole milliseconds; null for another version.';

create table sluice.turn_delta (
  turn_id uuid     not null,
  epoch   integer  not null,
  seq     integer  not null,
  slot    smallint not null,
  events  text     not null,
  final   boolean  not null default false,

  constraint turn_delta_pkey primary key (turn_id, epoch, seq, slot),
  constraint turn_delta_epoch_check check (epoch > 0),
  constraint turn_delta_seq_check check (seq > 0),
  -- A chunk has 16 KB at most; past a whole reply of 64 KB it could never be served.
  constraint turn_delta_events_check check (octet_length(events) <= 65536)
)
partition by list (slot);

-- A chunk is read back within seconds, in order, by every reader: keep it on the page of its row if it fits at all.
alter table sluice.turn_delta alter column events set storage main;

comment on table sluice.turn_delta is
  'The log of turns, one sealed chunk a row, as a ring of eight days. No foreign key: this is the hottest table, and '
  'it is emptied by truncate.';
comment on column sluice.turn_delta.turn_id is 'The turn.';
comment on column sluice.turn_delta.epoch is 'The epoch of the turn that the chunk belongs to.';
comment on column sluice.turn_delta.seq is
  'Place of the chunk within the epoch, from 1: a cursor that has read it ends in this number.';
comment on column sluice.turn_delta.slot is
  'Leaf of the ring: days since 1970-01-01 UTC in the turn''s id, modulo 8. Queries name it so that one leaf is read.';
comment on column sluice.turn_delta.events is 'The chunk: JSON event objects joined by commas, without the brackets.';
comment on column sluice.turn_delta.final is 'True: the terminal chunk, the last of the turn.';

do $$
begin
  for slot in 0..7 loop
    -- Rows are only inserted, and the leaf is truncated within eight days: a vacuum after inserts would be for nothing.
    execute format(
      'create table sluice.turn_delta_%1$s partition of sluice.turn_delta for values in (%1$s) '
      'with (autovacuum_vacuum_insert_threshold = -1, autovacuum_analyze_scale_factor = 0.2)',
      slot
    );
    execute format(
      'comment on table sluice.turn_delta_%1$s is %2$L',
      slot,
      format('Leaf of turn_delta: turns whose day, counted from 1970-01-01 UTC, is %s modulo 8.', slot)
    );
    execute format('grant truncate on sluice.turn_delta_%s to sluice_app', slot);
  end loop;
end
$$;

-- Called by every node now and then, alone in its transaction; it does no harm at any time.
create function sluice.turn_delta_recycle()
returns text
language plpgsql
set search_path = pg_catalog, pg_temp
set lock_timeout = '250ms'
as $$
declare
  slot constant integer := (floor(extract(epoch from now()) / 86400)::bigint + 2) % 8;
  leaf constant text := 'turn_delta_' || slot;
begin
  if exists (
    select
    from sluice.turn
    where state = 'streaming'
      and floor(extract(epoch from sluice.uuid_time(id)) / 86400)::bigint % 8 = slot
  ) then
    return leaf || ' kept: it holds a live turn';
  end if;

  if pg_relation_size(format('sluice.%I', leaf)::regclass) = 0 then
    return leaf || ' kept: it is empty';
  end if;

  execute format('truncate sluice.%I', leaf);
  return leaf || ' truncated';
exception
  when lock_not_available then
    return leaf || ' kept: its lock was not granted';
end
$$;

comment on function sluice.turn_delta_recycle() is
  'Truncates the leaf two days ahead of today (UTC), whose turns are six days old. Returns what it did, or why it '
  'kept the leaf.';

revoke execute on function sluice.turn_delta_recycle() from public;

grant select, insert on sluice.turn_delta to sluice_app;
grant execute on function sluice.turn_delta_recycle() to sluice_app;

insert into sluice.schema_change (name)
values ('turn_delta');

commit;
