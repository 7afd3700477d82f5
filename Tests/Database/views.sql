-- What DBAs and reports see.

\set ECHO none
\set ON_ERROR_STOP on
begin;
set local client_min_messages = warning;
create extension if not exists pgtap;

insert into sluice.virtual_model (name, title)
values ('fast', 'Fast');
insert into sluice.surface (name, kind)
values ('web', 'web');
insert into sluice.identity (id, kind, display_name)
values ('00000000-0000-4000-8000-000000000001', 'person', 'Ada');

insert into sluice.node (incarnation, tag, host, version, lease_until, voided_at)
values
  ('00000000-0000-4000-8000-000000000011', 1, 'one', '0.1.0', now() + interval '10 s', null),
  ('00000000-0000-4000-8000-000000000012', 2, 'two', '0.1.0', now() - interval '1 s', null),
  ('00000000-0000-4000-8000-000000000013', 3, 'three', '0.1.0', now() - interval '1 s', now());

insert into sluice.turn (
  id, conversation_id, identity_id, surface_id, user_message_id, message_id, model_name, durability, on_interrupt,
  owner, created_at
)
select
  ('00000000-0000-7000-8000-00000000002' || number)::uuid,
  gen_random_uuid(),
  '00000000-0000-4000-8000-000000000001',
  surface.id,
  gen_random_uuid(),
  gen_random_uuid(),
  'fast',
  'commit',
  'keep',
  ('00000000-0000-4000-8000-00000000001' || number)::uuid,
  now() - interval '1 minute'
from sluice.surface, generate_series(1, 5) as number
where surface.name = 'web';

update sluice.turn
set
  state = 'error',
  chunks = 3,
  ended_at = now(),
  error = '{"code": "upstream_status", "message": "secret words"}',
  usage = '{"output_tokens": 12}',
  metadata = '{"note": "secret words"}'
where id = '00000000-0000-7000-8000-000000000025';

-- In the leaf of today: ring.sql waits for the one two days ahead.
insert into sluice.turn_delta (turn_id, epoch, seq, slot, events, final)
values
  (
    '00000000-0000-7000-8000-000000000021', 1, 1, floor(extract(epoch from now()) / 86400)::bigint % 8,
    '{"type": "text", "text": "a"},{"type": "text", "text": "b"}', false
  ),
  ('00000000-0000-7000-8000-000000000021', 1, 2, floor(extract(epoch from now()) / 86400)::bigint % 8, '', false),
  (
    '00000000-0000-7000-8000-000000000021', 1, 3, floor(extract(epoch from now()) / 86400)::bigint % 8,
    '{"type": "end"}', true
  );

insert into sluice.model_route (id, model_id, driver, provider_model, region, priority)
select ('00000000-0000-4000-8000-00000000003' || number)::uuid, id, 'openai', 'small', 'http://a', number
from sluice.virtual_model, generate_series(1, 3) as number
where name = 'fast';

-- Two live nodes on the first route, and a lapsed and a voided one that do not count; the second's is over.
insert into sluice.node (incarnation, tag, host, version, lease_until)
values ('00000000-0000-4000-8000-000000000016', 6, 'six', '0.1.0', now() + interval '10 s');
insert into sluice.route_health (
  incarnation, route_id, state, failures, latency_ms, share, running, last_error, retry_at, updated_at
)
select
  ('00000000-0000-4000-8000-00000000001' || node)::uuid, ('00000000-0000-4000-8000-00000000003' || route)::uuid, state,
  failures, latency_ms, share, running, last_error, now() + pause * interval '1 s', now() - age * interval '1 s'
from (
  values
    (1, 1, 'closed', 0, 200, 1.0, 3, 'upstream_timeout', null, 9),
    (6, 1, 'open', 5, 401, 0.25, 1, 'upstream_overloaded', 30, 1),
    (2, 1, 'probing', 9, 9000, 0.1, 7, 'upstream_error', 60, 0),
    (3, 1, 'probing', 9, 9000, 0.1, 7, 'upstream_error', 60, 0),
    (1, 2, 'closed', 0, null, 1.0, 0, null, -5, 0)
) as health (node, route, state, failures, latency_ms, share, running, last_error, pause, age);

-- What was used in two days, beside the turn that ended in error above.
insert into sluice.price (id, driver, provider_model, valid_from, input, output)
values ('00000000-0000-4000-8000-000000000041', 'openai', 'small', '2026-01-01', 1, 2);
insert into sluice.usage_ledger (
  turn_id, identity_id, surface_id, team, project, model_name, driver, provider_model, state, error_code, estimated,
  input_tokens, output_tokens, cached_tokens, reasoning_tokens, price_id, cost, first_text_ms, started_at, ended_at
)
select
  gen_random_uuid(), ('00000000-0000-4000-8000-00000000000' || identity)::uuid, surface.id, used.team, null, 'ledger',
  'openai', 'small', state, code, estimated, input, output, cached, 1,
  case when cost is not null then '00000000-0000-4000-8000-000000000041'::uuid end, cost, first_text_ms,
  -- The last moment of a day and the first of the next, of UTC.
  ended_at - interval '1 s', ended_at
from sluice.surface
cross join (
  values
    (1, 'sales', 'done', null, false, 10, 20, 5, 0.5, 100, timestamptz '2026-03-01 23:59:59.999+00'),
    (1, 'sales', 'done', null, false, 30, 40, 0, 0.25, 300, timestamptz '2026-03-01 12:00+00'),
    (1, 'sales', 'cancelled', null, true, 1, 2, 0, null, 200, timestamptz '2026-03-01 00:00+00'),
    (2, 'ops', 'error', 'upstream_error', false, 0, 0, 0, null, null, timestamptz '2026-03-02 00:00+00'),
    (2, 'ops', 'error', 'upstream_error', false, 0, 0, 0, null, null, timestamptz '2026-03-02 00:00+00'),
    (2, 'ops', 'error', 'budget_exhausted', true, 7, 8, 0, 0.1, 50, timestamptz '2026-03-02 00:00+00'),
    (2, 'ops', 'interrupted', null, true, 7, 8, 0, 0.1, 70, timestamptz '2026-03-02 00:00+00')
) as used (identity, team, state, code, estimated, input, output, cached, cost, first_text_ms, ended_at)
where surface.name = 'web';

select plan(12);

select results_eq(
  $$
    select
      day, surface, team, turns, estimated_turns, input_tokens, output_tokens, cached_tokens, reasoning_tokens, cost,
      turns_without_price
    from sluice.cost_by_day
    where model = 'ledger'
    order by day
  $$,
  $$
    values
      (
        date '2026-03-01', 'web', 'sales', 3::bigint, 1::bigint, 41::bigint, 62::bigint, 5::bigint, 3::bigint, 0.75,
        1::bigint
      ),
      (
        date '2026-03-02', 'web', 'ops', 4::bigint, 2::bigint, 14::bigint, 16::bigint, 0::bigint, 4::bigint, 0.2,
        2::bigint
      )
  $$,
  'costs are summed up by days of UTC, and what has no price is told'
);
select results_eq(
  $$
    select day, turns, p50_ms, p95_ms, p99_ms
    from sluice.first_text_by_day
    where model = 'ledger'
    order by day
  $$,
  $$values (date '2026-03-01', 3::bigint, 200, 300, 300), (date '2026-03-02', 2::bigint, 50, 70, 70)$$,
  'times to the first text are of those that had one'
);
select results_eq(
  $$
    select day, turns, errors, cancelled, interrupted, error_rate, commonest_error
    from sluice.error_by_day
    where model = 'ledger'
    order by day
  $$,
  $$
    values
      (date '2026-03-01', 3::bigint, 0::bigint, 1::bigint, 0::bigint, 0.0000, null),
      (date '2026-03-02', 4::bigint, 3::bigint, 0::bigint, 1::bigint, 0.7500, 'upstream_error')
  $$,
  'errors are told by their rate and the commonest code'
);
-- The last 30 days alone, the dearest first.
insert into sluice.usage_ledger (
  turn_id, identity_id, surface_id, team, model_name, state, estimated, input_tokens, output_tokens, cached_tokens,
  reasoning_tokens, price_id, cost, started_at, ended_at
)
select
  gen_random_uuid(), ('00000000-0000-4000-8000-00000000005' || who)::uuid, surface.id, 'sales', 'top', 'done', false,
  tokens, 0, 0, 0, case when cost is not null then '00000000-0000-4000-8000-000000000041'::uuid end, cost, now(),
  now() - age * interval '1 day'
from sluice.surface
cross join (
  values (1, 5, 0.5, 0), (1, 5, 0.5, 29), (2, 1, 3.0, 1), (3, 99, null, 1), (4, 99, 99.0, 31)
) as used (who, tokens, cost, age)
where surface.name = 'web';
select results_eq(
  $$
    select right(identity_id::text, 1), turns, tokens, cost
    from sluice.top_identity
    where identity_id::text like '00000000-0000-4000-8000-00000000005_'
  $$,
  $$values ('2', 1::bigint, 1::bigint, 3.0), ('1', 2::bigint, 10::bigint, 1.0), ('3', 1::bigint, 99::bigint, null)$$,
  'who used most stands first, who has no price last'
);

select results_eq(
  $$
    select right(turn_id::text, 1), display_name, surface, model, tag, lease, age
    from sluice.live_turn
    where identity_id = '00000000-0000-4000-8000-000000000001'
    order by turn_id
  $$,
  $$
    values
      ('1', 'Ada', 'web', 'fast', 1, 'held', interval '1 minute'),
      ('2', 'Ada', 'web', 'fast', 2, 'lapsed', interval '1 minute'),
      ('3', 'Ada', 'web', 'fast', 3, 'voided', interval '1 minute'),
      ('4', 'Ada', 'web', 'fast', null, 'gone', interval '1 minute')
  $$,
  'live turns show whose they are and how their node fares'
);
select results_eq(
  $$select tag, state, live_turns from sluice.node_status where host in ('one', 'two', 'three') order by tag$$,
  $$values (1, 'live', 1::bigint), (2, 'lapsed', 1::bigint), (3, 'voided', 1::bigint)$$,
  'nodes show their lease and their turns'
);
select results_eq(
  $$
    select priority, model, state, failures, latency_ms, share, running, last_error, retry_at - now(), nodes
    from sluice.route_status
    where model = 'fast'
    order by priority
  $$,
  $$
    values
      (1, 'fast', 'open', 5, 301, 0.25::real, 4, 'upstream_overloaded', interval '30 s', 2),
      (2, 'fast', 'closed', 0, null, 1, 0, null, null, 1),
      (3, 'fast', 'closed', 0, null, 1, 0, null, null, 0)
  $$,
  'routes show the worst that live nodes say'
);
select results_eq(
  format(
    $$
      select seq, ordinal, event ->> 'text', final
      from sluice.turn_event
      where turn_id = '00000000-0000-7000-8000-000000000021'
        and slot = %s
      order by epoch, seq, ordinal
    $$,
    floor(extract(epoch from now()) / 86400)::bigint % 8
  ),
  $$values (1, 1::bigint, 'a', false), (1, 2::bigint, 'b', false), (3, 1::bigint, null, true)$$,
  'the log shows event by event'
);

update sluice.virtual_model
set updated_at = '2000-01-01'
where name = 'fast';
select is(updated_at, now(), 'an edited virtual model says when')
from sluice.virtual_model
where name = 'fast';

set local role sluice_report;

select results_eq(
  $$
    select surface, model, state, error_code, usage, duration, chunks
    from sluice.turn_report
    where turn_id = '00000000-0000-7000-8000-000000000025'
  $$,
  $$
    values (
      'web', 'fast', 'error', 'upstream_status', '{"output_tokens": 12}'::jsonb, interval '1 minute', 3
    )
  $$,
  'a report shows what a turn was and cost'
);
select is_empty(
  $$
    select
    from sluice.turn_report as report
    where report::text like '%secret words%'
  $$,
  'a report shows no content'
);
select isnt_empty($$select from sluice.node_status$$, 'a report shows the nodes');

reset role;
select * from finish();
rollback;
