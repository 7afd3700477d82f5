-- Content is for whom it is for, whatever was granted to others; and it can be exported, erased, and outlived.

\set ECHO none
\set ON_ERROR_STOP on
begin;
set local client_min_messages = warning;
create extension if not exists pgtap;

insert into sluice.surface (id, name, kind, retention_days)
values
  ('00000000-0000-4000-8000-0000000000b1', 'short', 'web', 30),
  ('00000000-0000-4000-8000-0000000000b2', 'long', 'web', null);
insert into sluice.identity (id, kind, display_name, team)
values
  ('00000000-0000-4000-8000-0000000000d1', 'person', 'Canary', 'Accounting'),
  ('00000000-0000-4000-8000-0000000000d2', 'person', 'Canary the elder', null),
  ('00000000-0000-4000-8000-0000000000d3', 'person', 'Wren', null);
update sluice.identity
set merged_into = '00000000-0000-4000-8000-0000000000d1', merged_at = now()
where id = '00000000-0000-4000-8000-0000000000d2';
insert into sluice.identity_link (surface_id, external_id, identity_id)
values ('00000000-0000-4000-8000-0000000000b1', 'canary', '00000000-0000-4000-8000-0000000000d1');
insert into sluice.identity_role (identity_id, role_id)
select '00000000-0000-4000-8000-0000000000d1', id
from sluice.role;
insert into sluice.surface_key (surface_id, identity_id, hash, label)
values (
  '00000000-0000-4000-8000-0000000000b1', '00000000-0000-4000-8000-0000000000d1', sha256('canary'), 'Shop'
);

create temporary table held as
select
  number, who, ('00000000-0000-4000-8000-00000000000' || number)::uuid as conversation,
  ('00000000-0000-7000-8000-00000000002' || number)::uuid as turn,
  ('00000000-0000-4000-8000-0000000000d' || who)::uuid as identity,
  ('00000000-0000-4000-8000-0000000000b' || surface)::uuid as surface, age, live,
  case who when 3 then 'wren' else 'canary' end as word
from (
  values
    (1, 1, 1, 40, false), (2, 2, 2, 40, false), (3, 3, 1, 40, false), (4, 3, 1, 20, false), (5, 3, 2, 400, false),
    (6, 3, 1, 40, true)
) as list (number, who, surface, age, live);
insert into sluice.conversation (id, identity_id, surface_id, updated_at, live_turn)
select conversation, identity, surface, now() - age * interval '1 day', case when live then turn end
from held;
insert into sluice.message (conversation_id, id, role, parts, turn_id)
select
  conversation, gen_random_uuid(), 'user', jsonb_build_array(jsonb_build_object('type', 'text', 'text', word)), turn
from held;
insert into sluice.turn (
  id, conversation_id, identity_id, surface_id, user_message_id, message_id, model_name, durability, on_interrupt,
  owner, metadata
)
select
  turn, conversation, identity, surface, gen_random_uuid(), gen_random_uuid(), 'fast', 'commit', 'keep',
  gen_random_uuid(), jsonb_build_object('note', word)
from held;
update sluice.turn
set
  state = 'error', chunks = 1, ended_at = now(), request = metadata, usage = '{"output_tokens": 3}',
  error = jsonb_build_object('code', 'timed_out', 'message', metadata ->> 'note', 'retryable', true),
  upstream = jsonb_build_object('attempts', '[]'::jsonb, 'request', metadata ->> 'note')
where id in (select turn from held where not live);
insert into sluice.turn_delta (turn_id, epoch, seq, slot, events)
select turn, 1, 1, 0, format('{"type": "text", "text": "%s"}', word)
from held;
insert into sluice.idempotency (identity_id, key, turn_id, body_hash)
select identity, word, turn, sha256('')
from held
where number in (1, 3);

create temporary table content (relation text);
insert into content
select unnest(array['conversation', 'message', 'turn', 'turn_delta', 'idempotency', 'turn_event', 'turn_delta_0']);

select plan(
  (select count(*) from content)::integer * 2 + 33
);

-- As somebody who means well might.
grant select on all tables in schema sluice to sluice_report;
grant select on content to sluice_report;
create role somebody in role sluice_report;
grant select on all tables in schema sluice to somebody;
set local session authorization sluice_report;
select is_empty(format('select from sluice.%I', relation), 'granted by mistake, it shows nothing: ' || relation)
from content;
select is_empty('select from sluice.live_turn', 'nor who talks');
select isnt_empty('select from sluice.turn_report', 'the reports go on');
select isnt_empty('select from sluice.usage_ledger', 'and the ledger');
select isnt_empty('select from sluice.cost_by_day', 'and what is made of it');
reset session authorization;
set local session authorization somebody;
select is_empty(format('select from sluice.%I', relation), 'nor to a member of it: ' || relation)
from content;
reset session authorization;

create role insider in role sluice_report, sluice_privacy;
set local role insider;
select isnt_empty('select from sluice.message', 'who may read content may also read reports');
reset role;

set local role sluice_privacy;
select is((select count(*) from sluice.message), 6::bigint, 'it is there for whom it is for');
select is((select count(*) from sluice.turn_event), 6::bigint, 'event by event as well');
select throws_ok($$delete from sluice.message$$, '42501', null, 'who reads does not delete');
select throws_ok($$update sluice.turn set metadata = '{}'$$, '42501', null, 'nor change');
select throws_ok($$select from sluice.credential$$, '42501', null, 'nor read secrets');
reset role;
set local role sluice_admin;
select is((select count(id) from sluice.turn), 6::bigint, 'operators see the turns');
select is((select count(*) from sluice.live_turn), 1::bigint, 'and who talks');
select throws_ok($$select from sluice.turn_event$$, '42501', null, 'and no word of it');
reset role;
set local role sluice_app;
select is((select count(*) from sluice.message), 6::bigint, 'the program sees all');
reset role;
select set_eq(
  $$
    select relname::text
    from pg_class
    where relnamespace = 'sluice'::regnamespace
      and relrowsecurity
      and not relforcerowsecurity
  $$,
  $$
    select unnest(array['conversation', 'message', 'turn', 'turn_delta', 'idempotency'])
    union all
    select 'turn_delta_' || slot from generate_series(0, 7) as slot
  $$,
  'content, and nothing else, is kept by rows'
);
select is_empty(
  $$
    select polrelid::regclass, polname
    from pg_policy
    where 'sluice_app'::regrole = any (polroles)
      and (pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid), polcmd) <> ('true', 'true', '*')
  $$,
  'the program''s own statements are planned as before'
);

-- Export.
delete from sluice.audit;
set local session authorization sluice_privacy;
select results_eq(
  $$
    select kind, count(*)
    from sluice.identity_export('00000000-0000-4000-8000-0000000000d2')
    group by kind
    order by kind collate "C"
  $$,
  $$
    values
      ('conversation', 2::bigint), ('idempotency', 1), ('identity', 2), ('key', 1), ('link', 1), ('log', 2),
      ('message', 2), ('role', 1), ('turn', 2), ('usage', 2)
  $$,
  'all that is kept of a person is exported, whichever of its identities is named'
);
select is_empty(
  $$
    select
    from sluice.identity_export('00000000-0000-4000-8000-0000000000d1')
    where item::text ~ 'wren|hash|provider_model|upstream'
  $$,
  'and nothing of others, no secret, no provider'
);
select results_eq(
  $$select distinct kind from sluice.identity_export('00000000-0000-4000-8000-0000000000d1', false) order by 1$$,
  $$values ('conversation'), ('idempotency'), ('identity'), ('key'), ('link'), ('role')$$,
  'or without what its conversations hold'
);
select is_empty(
  $$
    select from sluice.conversation_export(
      '00000000-0000-4000-8000-0000000000d1', '00000000-0000-4000-8000-000000000003'
    )
  $$,
  'which is told in nobody else''s name'
);
select throws_ok(
  $$select from sluice.identity_export('00000000-0000-4000-8000-0000000000df')$$, 'P0002', null, 'nobody is refused'
);
select results_eq(
  $$select distinct login, relation, operation, row_key ->> 'id' from sluice.audit order by 4$$,
  $$
    values
      ('sluice_privacy', 'identity', 'export', '00000000-0000-4000-8000-0000000000d1'),
      ('sluice_privacy', 'identity', 'export', '00000000-0000-4000-8000-0000000000d2')
  $$,
  'it is known who asked'
);
reset session authorization;

-- Retention.
set local role sluice_app;
select is(sluice.conversation_expire(), 2, 'what is older than its surface keeps it goes');
select is(sluice.conversation_expire(), 0, 'once');
reset role;
select results_eq(
  $$select number from sluice.conversation join held on conversation = id order by number$$,
  $$values (2), (4), (5), (6)$$,
  'what is younger stays, what its surface keeps for good, and what is live'
);
select results_eq(
  $$
    select number, metadata, request, error ->> 'message', usage is null
    from sluice.turn join held on turn = id
    where number in (1, 3)
    order by number
  $$,
  $$values (1, '{}'::jsonb, null::jsonb, '', false), (3, '{}', null, '', false)$$,
  'the turns stay, and what they cost; not what they said'
);
update sluice.conversation
set updated_at = now() - interval '40 days'
from held
where id = conversation
  and number = 4;
update sluice.surface set retention_days = 10 where name = 'long';
select is(sluice.conversation_expire(1), 1, 'a call takes no more than it is told');

-- Erasure.
delete from sluice.audit;
set local session authorization sluice_privacy;
select results_eq(
  $$select live, done from sluice.identity_erase('00000000-0000-4000-8000-0000000000d2')$$,
  $$values (0, true)$$,
  'a person is erased, whichever of its identities is named'
);
select results_eq(
  $$select conversations, live, done from sluice.identity_erase('00000000-0000-4000-8000-0000000000d1')$$,
  $$values (0, 0, true)$$,
  'and that is all there is to do'
);
select results_eq(
  $$select live, done from sluice.identity_erase('00000000-0000-4000-8000-0000000000d3')$$,
  $$values (1, false)$$,
  'a live turn has to end first'
);
select throws_ok(
  $$select from sluice.identity_erase('00000000-0000-4000-8000-0000000000df')$$, 'P0002', null, 'nobody is refused'
);
reset session authorization;
select results_eq(
  $$
    select
      (select cancel_requested_at is not null from sluice.turn where state = 'streaming'),
      (select count(*) from sluice.identity where erased_at is not null and display_name is null and team is null),
      (select count(*) from sluice.revocation where revoked_at = 'infinity' and expires_at = 'infinity'),
      (select count(*) from sluice.surface_key where revoked_at is null),
      (select count(*) from sluice.audit where changes::text ~* 'canar')
  $$,
  $$values (true, 3::bigint, 3::bigint, 0::bigint, 0::bigint)$$,
  'it is asked to; names are gone, tokens and keys are barred, and the audit names nobody'
);
create function pg_temp.everything()
returns setof text
language plpgsql
as $$
declare
  relation regclass;
begin
  for relation in select oid from pg_class where relnamespace = 'sluice'::regnamespace and relkind in ('r', 'p') loop
    return query execute format('select one::text from %s as one', relation);
  end loop;
end
$$;
select is_empty($$select one from pg_temp.everything() as one where one ~* 'canar'$$, 'no word of it is anywhere');

select * from finish();
rollback;
