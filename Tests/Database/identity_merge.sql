-- Two identities become one: what moves, what stays, and who is refused.

\set ECHO none
\set ON_ERROR_STOP on
begin;
set local client_min_messages = warning;
create extension if not exists pgtap;

insert into sluice.surface (id, name, kind)
values
  ('00000000-0000-7000-8000-0000000000a1', 'discord', 'discord'),
  ('00000000-0000-7000-8000-0000000000a2', 'web', 'web');
insert into sluice.identity (id, kind, display_name, team)
values
  ('00000000-0000-7000-8000-000000000001', 'person', 'Anna', 'Sales'),
  ('00000000-0000-7000-8000-000000000002', 'anonymous', null, null),
  ('00000000-0000-7000-8000-000000000003', 'service', 'Bot', null),
  ('00000000-0000-7000-8000-000000000004', 'person', null, null),
  ('00000000-0000-7000-8000-000000000005', 'person', null, null),
  ('00000000-0000-7000-8000-000000000006', 'person', null, null),
  ('00000000-0000-7000-8000-000000000007', 'anonymous', null, null);
update sluice.identity set erased_at = now() where id = '00000000-0000-7000-8000-000000000004';
insert into sluice.revocation (identity_id, revoked_at, expires_at)
values ('00000000-0000-7000-8000-000000000005', 'infinity', 'infinity');

create function pg_temp.identity(number int)
returns uuid
language sql
immutable
return ('00000000-0000-7000-8000-' || lpad(number::text, 12, '0'))::uuid;

-- A live turn of an identity, with its conversation and key.
create function pg_temp.live(number int, owner int)
returns void
language sql
begin atomic
  insert into sluice.conversation (id, identity_id, surface_id, live_turn)
  select pg_temp.identity(100 + number), pg_temp.identity(owner), surface.id, pg_temp.identity(200 + number)
  from sluice.surface
  where name = 'discord';
  insert into sluice.turn (
    id, conversation_id, identity_id, surface_id, user_message_id, message_id, model_name, durability, on_interrupt,
    owner
  )
  select
    pg_temp.identity(200 + number), pg_temp.identity(100 + number), pg_temp.identity(live.owner), surface.id,
    gen_random_uuid(), gen_random_uuid(), 'fast', 'commit', 'keep', gen_random_uuid()
  from sluice.surface
  where name = 'discord';
  insert into sluice.idempotency (identity_id, key, turn_id, body_hash)
  values (pg_temp.identity(owner), 'key ' || number % 10, pg_temp.identity(200 + number), sha256(''));
end;

-- One that has ended.
create function pg_temp.done(number int, owner int)
returns void
language sql
begin atomic
  select pg_temp.live(number, owner);
  update sluice.turn
  set state = 'done', usage = '{"input_tokens": 30, "output_tokens": 12}', chunks = 1, ended_at = now()
  where id = pg_temp.identity(200 + number);
  update sluice.conversation
  set live_turn = null
  where id = pg_temp.identity(100 + number);
end;

select plan(38);

-- Who is refused. The last is a live turn of the one that would go; one of the other is no hindrance.
select pg_temp.live(1, 6);
select is(sluice.identity_merge(pg_temp.identity(1), pg_temp.identity(99)), 'absent', 'into nobody');
select is(sluice.identity_merge(pg_temp.identity(99), pg_temp.identity(1)), 'absent', 'nobody');
select is(sluice.identity_merge(pg_temp.identity(1), pg_temp.identity(1)), 'same', 'with itself: nothing to do');
select is(sluice.identity_merge(pg_temp.identity(1), pg_temp.identity(3)), 'service', 'no person becomes a service');
select is(sluice.identity_merge(pg_temp.identity(3), pg_temp.identity(1)), 'service', 'no service becomes a person');
select is(sluice.identity_merge(pg_temp.identity(4), pg_temp.identity(1)), 'erased', 'nobody comes back');
select is(sluice.identity_merge(pg_temp.identity(1), pg_temp.identity(4)), 'erased', 'nor does anybody become him');
select is(sluice.identity_merge(pg_temp.identity(5), pg_temp.identity(1)), 'blocked', 'a block is not got round');
select is(sluice.identity_merge(pg_temp.identity(1), pg_temp.identity(5)), 'blocked', 'nor spread');
select is(sluice.identity_merge(pg_temp.identity(6), pg_temp.identity(1)), 'busy', 'a live turn ends first');
select is_empty(
  $$select id from sluice.identity where merged_into is not null or merged_at is not null$$,
  'a refusal changes nobody'
);

-- What moves.
select pg_temp.done(2, 1);
select pg_temp.done(3, 2);
select pg_temp.done(13, 1);
insert into sluice.identity_link (surface_id, external_id, identity_id)
select id, 'anna', pg_temp.identity(1) from sluice.surface where name = 'discord';
insert into sluice.role (id, name)
values (pg_temp.identity(301), 'first'), (pg_temp.identity(302), 'second'), (pg_temp.identity(303), 'both');
insert into sluice.identity_role (identity_id, role_id)
values
  (pg_temp.identity(1), pg_temp.identity(301)), (pg_temp.identity(2), pg_temp.identity(302)),
  (pg_temp.identity(1), pg_temp.identity(303)), (pg_temp.identity(2), pg_temp.identity(303));
insert into sluice.usage_counter (subject_id, period, starts_at, slot, requests, tokens, cost)
values
  (pg_temp.identity(1), 'minute', '2027-01-01T00:00Z', 0, 2, 0, 0),
  (pg_temp.identity(1), 'day', '2027-01-01T00:00Z', 0, 0, 40, 1.5),
  (pg_temp.identity(2), 'minute', '2027-01-01T00:00Z', 0, 3, 0, 0),
  (pg_temp.identity(2), 'month', '2027-01-01T00:00Z', 0, 0, 7, 0.5),
  (pg_temp.identity(2), 'day', '2027-01-01T00:00Z', 0, 0, 2, 0.5);
insert into sluice.usage_hold (turn_id, subject_id, tokens)
values (pg_temp.identity(203), pg_temp.identity(1), 100);

select is(sluice.identity_merge(pg_temp.identity(1), pg_temp.identity(2)), 'done', 'a person becomes a visitor');
select set_eq(
  $$
    select id, kind, display_name, team, merged_into, merged_at is not null
    from sluice.identity where id in (pg_temp.identity(1), pg_temp.identity(2))
  $$,
  $$
    values
      (pg_temp.identity(1), 'person', 'Anna', 'Sales', pg_temp.identity(2), true),
      (pg_temp.identity(2), 'person', 'Anna', 'Sales', null, false)
  $$,
  'who from then on is a person, and bears the name that was known'
);
select is_empty(
  $$
    select id from sluice.conversation where identity_id = pg_temp.identity(1)
    union all
    select id from sluice.turn where identity_id = pg_temp.identity(1)
    union all
    select turn_id from sluice.idempotency where identity_id = pg_temp.identity(1)
    union all
    select surface_id from sluice.identity_link where identity_id = pg_temp.identity(1)
    union all
    select role_id from sluice.identity_role where identity_id = pg_temp.identity(1)
    union all
    select turn_id from sluice.usage_ledger where identity_id = pg_temp.identity(1)
    union all
    select turn_id from sluice.usage_hold where subject_id = pg_temp.identity(1)
    union all
    select subject_id from sluice.usage_counter where subject_id = pg_temp.identity(1)
  $$,
  'nothing is left behind'
);
select is(
  (select count(*)::int from sluice.conversation where identity_id = pg_temp.identity(2)), 3, 'conversations of both'
);
select is((select count(*)::int from sluice.turn where identity_id = pg_temp.identity(2)), 3, 'turns of both');
select is(
  (select count(*)::int from sluice.usage_ledger where identity_id = pg_temp.identity(2)), 3, 'the ledger of both'
);
select results_eq(
  $$select key, turn_id from sluice.idempotency where identity_id = pg_temp.identity(2) order by key$$,
  $$values ('key 2', pg_temp.identity(202)), ('key 3', pg_temp.identity(203))$$,
  'keys of both; of one that both had used, the one that stays'
);
select results_eq(
  $$select external_id from sluice.identity_link where identity_id = pg_temp.identity(2)$$, array['anna'], 'links'
);
select results_eq(
  $$
    select role.name from sluice.identity_role join sluice.role on role.id = role_id
    where identity_id = pg_temp.identity(2) order by 1
  $$,
  array['both', 'first', 'second'],
  'roles of both'
);
select results_eq(
  $$
    select period, requests::int, tokens::int, cost::float
    from sluice.usage_counter where subject_id = pg_temp.identity(2) and starts_at = '2027-01-01T00:00Z' order by 1
  $$,
  $$values ('day', 0, 42, 2::float), ('minute', 5, 0, 0::float), ('month', 0, 7, 0.5::float)$$,
  'what both have used'
);
select is((select tokens::int from sluice.usage_hold where subject_id = pg_temp.identity(2)), 100, 'what is reserved');
select is(sluice.identity_merge(pg_temp.identity(1), pg_temp.identity(2)), 'same', 'again it changes nothing');
select is(sluice.identity_merge(pg_temp.identity(2), pg_temp.identity(1)), 'merged', 'nobody becomes who is gone');
select is(sluice.identity_merge(pg_temp.identity(1), pg_temp.identity(7)), 'merged', 'nor does who is gone again');

-- On from one to the next.
select is(sluice.identity_merge(pg_temp.identity(2), pg_temp.identity(6)), 'done', 'a live turn is no hindrance');
select results_eq(
  $$select id from sluice.identity where merged_into = pg_temp.identity(6) order by id$$,
  $$values (pg_temp.identity(1)), (pg_temp.identity(2))$$,
  'one step leads to who it is now'
);
select is(
  (select count(*)::int from sluice.turn where identity_id = pg_temp.identity(6) and state = 'streaming'), 1,
  'of the other one, which goes on'
);
select is(
  (select display_name || ', ' || team from sluice.identity where id = pg_temp.identity(6)), 'Anna, Sales',
  'names go on as well'
);

-- Limits.
select pg_temp.done(4, 7);
insert into sluice.usage_limit (identity_id, tokens_per_day)
values (pg_temp.identity(7), 1000), (pg_temp.identity(6), 500);
select is(sluice.identity_merge(pg_temp.identity(7), pg_temp.identity(6)), 'done', 'both with a limit');
select results_eq(
  $$
    select tokens_per_day::int
    from sluice.usage_limit
    where identity_id in (pg_temp.identity(6), pg_temp.identity(7))
  $$,
  array[500],
  'the one that stays keeps its own'
);
select is(
  (
    select sum(tokens)::int from sluice.usage_counter
    where subject_id = pg_temp.identity(6) and period = 'day' and starts_at = date_trunc('day', now(), 'UTC')
  ),
  (
    select sum(input_tokens + output_tokens)::int from sluice.usage_ledger
    where identity_id = pg_temp.identity(6) and ended_at >= date_trunc('day', now(), 'UTC')
  ),
  'both have used of it'
);
update sluice.turn set state = 'done', chunks = 1, ended_at = now() where id = pg_temp.identity(201);
insert into sluice.identity (id, kind)
values (pg_temp.identity(9), 'person');
select pg_temp.done(6, 9);
select is(sluice.identity_merge(pg_temp.identity(6), pg_temp.identity(9)), 'done', 'one with a limit');
select results_eq(
  $$select tokens_per_day::int from sluice.usage_limit where identity_id = pg_temp.identity(9)$$, array[500],
  'it goes on with it'
);
select is(
  (
    select sum(tokens)::int from sluice.usage_counter
    where subject_id = pg_temp.identity(9) and period = 'day' and starts_at = date_trunc('day', now(), 'UTC')
  ),
  (
    select sum(input_tokens + output_tokens)::int from sluice.usage_ledger
    where identity_id = pg_temp.identity(9) and ended_at >= date_trunc('day', now(), 'UTC')
  ),
  'and with what both have used'
);
select results_eq(
  $$select distinct merged_into from sluice.identity where merged_into is not null$$,
  $$values (pg_temp.identity(9))$$,
  'all of them are one'
);

-- Who may.
set local session authorization sluice_app;
select is(sluice.identity_merge(gen_random_uuid(), gen_random_uuid()), 'absent', 'the program merges');
set local session authorization sluice_report;
select throws_ok(
  $$select sluice.identity_merge(gen_random_uuid(), gen_random_uuid())$$, '42501', null, 'a report does not'
);
reset session authorization;

select * from finish();
rollback;
