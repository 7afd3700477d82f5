-- The ring of turn_delta: where chunks go, what is recycled and what is kept. Tests that run beside this one keep no
-- lock on the leaf two days ahead: they name the slot of today.

\set ECHO none
\set ON_ERROR_STOP on
begin;
set local client_min_messages = warning;
create extension if not exists pgtap;

create extension if not exists dblink;
create function pg_temp.turn_id(at timestamptz)
returns uuid
language sql
return overlay(
  overlay(
    gen_random_uuid()::text
    placing regexp_replace(lpad(to_hex(floor(extract(epoch from at) * 1000)::bigint), 12, '0'), '^(.{8})', '\1-')
    from 1
  )
  placing '7' from 15
)::uuid;

-- A turn of six days ago and one of the day after tomorrow share the leaf that is recycled today.
create temporary table today as
select
  now() - interval '6 days' as old,
  slot,
  'turn_delta_' || slot as leaf
from (values ((floor(extract(epoch from now()) / 86400)::bigint + 2) % 8)) as ring (slot);
grant select on today to sluice_app;

select plan(12);

-- A recycle that would wait without end fails here.
set local statement_timeout = '20s';

select is(
  sluice.uuid_time('017f22e2-79b0-7cc3-98c4-dc0c0c07398f'),
  '2022-02-22 19:22:22 UTC',
  'the time of the UUIDv7 in RFC 9562, appendix A.6'
);
select is(
  sluice.uuid_time('c232ab00-9414-11ec-b3c8-9f6bdeced846'),
  null,
  'another version has no time'
);
select is(
  sluice.uuid_time(pg_temp.turn_id(now())),
  date_trunc('milliseconds', now()),
  'the time comes back to the millisecond'
);

set local role sluice_app;

select lives_ok(
  $$
    insert into sluice.turn_delta (turn_id, epoch, seq, slot, events)
    select gen_random_uuid(), 1, 1, slot, ''
    from generate_series(0, 7) as slot
  $$,
  'the program writes to every leaf through the ring'
);
select results_eq(
  $$select tableoid::regclass::text collate "C" from sluice.turn_delta order by slot$$,
  $$select ('sluice.turn_delta_' || slot) collate "C" from generate_series(0, 7) as slot$$,
  'a chunk goes to the leaf of its slot'
);
select throws_ok(
  $$insert into sluice.turn_delta (turn_id, epoch, seq, slot, events) values (gen_random_uuid(), 1, 1, 8, '')$$,
  '23514',
  null,
  'there is no ninth leaf'
);

-- A leaf that holds a live turn.
insert into sluice.turn (
  id, conversation_id, identity_id, surface_id, user_message_id, message_id, model_name, durability, on_interrupt, owner
)
select
  pg_temp.turn_id(old), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(),
  'fast', 'commit', 'keep', gen_random_uuid()
from today;
select is(sluice.turn_delta_recycle(), leaf || ' kept: it holds a live turn', 'a leaf that holds a live turn is kept')
from today;
update sluice.turn
set
  state = 'interrupted',
  chunks = 1,
  ended_at = now()
where sluice.uuid_time(id) = (select date_trunc('milliseconds', old) from today);

-- A leaf that another session reads.
reset role;
select dblink_connect(
  'reader',
  format(
    'host=%L port=%s dbname=%L user=%L',
    split_part(current_setting('unix_socket_directories'), ',', 1),
    current_setting('port'),
    current_database(),
    session_user
  )
) \g /dev/null
select dblink_exec('reader', 'begin') \g /dev/null
select dblink_exec('reader', format('lock table sluice.%I in access share mode', leaf))
from today \g /dev/null
set local role sluice_app;
select is(sluice.turn_delta_recycle(), leaf || ' kept: its lock was not granted', 'a leaf that somebody reads is kept')
from today;
reset role;
select dblink_exec('reader', 'commit') \g /dev/null
select dblink_disconnect('reader') \g /dev/null

-- An old leaf that nobody reads: wait for the other tests first, they may name the whole ring for a moment.
select format('lock table sluice.%I in access exclusive mode', leaf)
from today \gexec
set local lock_timeout = '10s';
set local role sluice_app;
select is(sluice.turn_delta_recycle(), leaf || ' truncated', 'a leaf of old turns is truncated')
from today;
select set_eq(
  $$select slot::integer from sluice.turn_delta$$,
  $$select slot from generate_series(0, 7) as slot where slot not in (select slot from today)$$,
  'no other is touched'
);
select is(sluice.turn_delta_recycle(), leaf || ' kept: it is empty', 'an empty leaf is left alone')
from today;
select is(current_setting('lock_timeout'), '10s', 'the time-out of the function stays in the function');

reset role;
select * from finish();
rollback;
