-- What operators change is written down, secrets aside; what the program does is not.

\set ECHO none
\set ON_ERROR_STOP on
begin;
set local client_min_messages = warning;
create extension if not exists pgtap;

select plan(16);

delete from sluice.audit;
set local session authorization sluice_admin;
set local application_name = 'pgtap';

insert into sluice.credential (id, name, reference, managed_domain)
values ('00000000-0000-4000-8000-0000000000c1', 'gateway', 'env:CANARY', 'models.example');
insert into sluice.virtual_model (id, name, title)
values ('00000000-0000-4000-8000-0000000000a1', 'fast', 'Fast');
insert into sluice.model_route (id, model_id, driver, provider_model, region, headers, query, overrides)
values (
  '00000000-0000-4000-8000-0000000000a2', '00000000-0000-4000-8000-0000000000a1', 'openai', 'small',
  'https://user:canary@models.example/v1?key=canary', '{"x-key": "canary"}', '{"key": "canary"}', '{"user": "canary"}'
);
insert into sluice.surface (id, name, kind)
values ('00000000-0000-4000-8000-0000000000b1', 'audited', 'web');
insert into sluice.jwt_issuer (surface_id, issuer, audience, algorithms, secret)
values ('00000000-0000-4000-8000-0000000000b1', 'https://shop.example', 'sluice', '{HS256}', 'env:CANARY');
insert into sluice.identity (id, kind, display_name)
values ('00000000-0000-4000-8000-0000000000d1', 'service', 'Canary');
insert into sluice.identity_link (surface_id, external_id, identity_id)
values ('00000000-0000-4000-8000-0000000000b1', 'canary', '00000000-0000-4000-8000-0000000000d1');
insert into sluice.surface_key (surface_id, identity_id, hash, label)
values (
  '00000000-0000-4000-8000-0000000000b1', '00000000-0000-4000-8000-0000000000d1', sha256('canary'), 'Shop'
);
update sluice.surface set pace_ms = 300, enabled = false where name = 'audited';
update sluice.surface set pace_ms = 300 where name = 'audited';
update sluice.credential set reference = 'env:OTHER_CANARY' where name = 'gateway';
update sluice.virtual_model set title = 'Faster' where name = 'fast';
delete from sluice.virtual_model where name = 'fast';
insert into sluice.revocation (id, identity_id, reason)
values ('00000000-0000-4000-8000-0000000000e1', '00000000-0000-4000-8000-0000000000d1', 'Lost telephone');

select results_eq(
  $$select relation, operation from sluice.audit order by at$$,
  $$
    values
      ('credential', 'insert'), ('virtual_model', 'insert'), ('model_route', 'insert'), ('surface', 'insert'),
      ('jwt_issuer', 'insert'), ('identity', 'insert'), ('identity_link', 'insert'), ('surface_key', 'insert'),
      ('surface', 'update'), ('credential', 'update'), ('virtual_model', 'update'), ('virtual_model', 'delete'),
      ('model_route', 'delete'), ('revocation', 'insert')
  $$,
  'each row changed is a row, in order; what changes nothing is none'
);
select results_eq(
  $$select distinct login, role, application, address from sluice.audit$$,
  $$values ('sluice_admin', null::text, 'pgtap', null::inet)$$,
  'it says who it was'
);
select is_empty(
  $$select relation, row_key, changes from sluice.audit as a where a::text ~* 'canary'$$,
  'no secret and no name stands there'
);
select results_eq(
  $$select row_key, changes from sluice.audit where relation = 'surface' and operation = 'update'$$,
  $$
    values (
      '{"id": "00000000-0000-4000-8000-0000000000b1"}'::jsonb,
      '{"pace_ms": {"old": 250, "new": 300}, "enabled": {"old": true, "new": false}}'::jsonb
    )
  $$,
  'a change says what was and what is'
);
select is(
  changes, '{"reference": {"old": "***", "new": "***"}}', 'that a secret changed is told, not which'
)
from sluice.audit
where relation = 'credential' and operation = 'update';
select is(
  changes -> 'region', '{"new": "https://***@models.example/v1?***"}', 'an address is told without what may be secret'
)
from sluice.audit
where relation = 'model_route' and operation = 'insert';
select is(
  changes -> 'title', '{"old": "Faster"}', 'what is deleted says what it was; its time of change is not counted'
)
from sluice.audit
where relation = 'virtual_model' and operation = 'delete';
select is(
  row_key, '{"surface_id": "00000000-0000-4000-8000-0000000000b1", "external_id": "***"}', 'nor is a name in a key'
)
from sluice.audit
where relation = 'identity_link';

reset session authorization;
delete from sluice.audit;
insert into sluice.node (incarnation, tag, host, version, lease_until)
values ('00000000-0000-4000-8000-000000000011', 1, 'one', '0.1.0', now() + interval '10 s');
insert into sluice.turn (
  id, conversation_id, identity_id, surface_id, user_message_id, message_id, model_name, durability, on_interrupt,
  owner, metadata
)
select
  ('00000000-0000-7000-8000-00000000002' || number)::uuid, gen_random_uuid(), '00000000-0000-4000-8000-0000000000d1',
  '00000000-0000-4000-8000-0000000000b1', gen_random_uuid(), gen_random_uuid(), 'fast', 'commit', 'keep',
  '00000000-0000-4000-8000-000000000011', '{"note": "canary"}'
from generate_series(1, 2) as number;

set local session authorization sluice_app;
insert into sluice.identity (id, kind)
values ('00000000-0000-4000-8000-0000000000d2', 'anonymous');
insert into sluice.identity_link (surface_id, external_id, identity_id)
values ('00000000-0000-4000-8000-0000000000b1', 'another', '00000000-0000-4000-8000-0000000000d2');
insert into sluice.revocation (identity_id)
values ('00000000-0000-4000-8000-0000000000d2');
update sluice.turn set cancel_requested_at = now() where id = '00000000-0000-7000-8000-000000000021';
update sluice.node set lease_until = now() + interval '20 s';
reset session authorization;
select is_empty($$select from sluice.audit$$, 'what the program does for its users is not entered');

set local session authorization sluice_admin;
update sluice.turn set cancel_requested_at = now() where id = '00000000-0000-7000-8000-000000000022';
update sluice.node set voided_at = now();
select results_eq(
  $$
    select relation, operation, row_key, array(select jsonb_object_keys(changes)), changes::text like '%canary%'
    from sluice.audit
    order by at
  $$,
  $$
    values
      (
        'turn', 'update', '{"id": "00000000-0000-7000-8000-000000000022"}'::jsonb, '{cancel_requested_at}'::text[],
        false
      ),
      ('node', 'update', '{"incarnation": "00000000-0000-4000-8000-000000000011"}', '{voided_at}', false)
  $$,
  'an operator''s cancel and verdict are, and nothing else of the turn'
);
reset session authorization;

delete from sluice.audit;
set local role sluice_owner;
update sluice.surface set pace_ms = 100 where name = 'audited';
reset role;
select results_eq(
  $$select login collate "C", role from sluice.audit$$,
  $$select session_user::text collate "C", 'sluice_owner'$$,
  'nor does becoming the owner hide anybody'
);
select throws_ok($$set local role sluice_report; select from sluice.audit$$, '42501', null, 'reports do not read it');
reset role;
select throws_ok(
  $$set local role sluice_privacy; delete from sluice.audit$$, '42501', null, 'who erases does not erase here'
);
reset role;
select is_empty(
  $$
    select grantee::regrole, privilege_type
    from pg_class cross join lateral aclexplode(relacl)
    where oid = 'sluice.audit'::regclass
      and privilege_type <> 'SELECT'
      and grantee <> 'sluice_owner'::regrole
  $$,
  'nobody but the owner changes it'
);
select is_empty(
  $$
    select relname
    from pg_class
    where relnamespace = 'sluice'::regnamespace
      and relkind = 'r'
      and has_table_privilege('sluice_admin', oid, 'insert, update, delete')
      and not exists (select from pg_trigger where tgrelid = pg_class.oid and tgname = relname || '_audit')
  $$,
  'every table that operators edit is watched'
);
select is_empty(
  $$
    select attrelid::regclass, attname
    from pg_attribute join pg_class on pg_class.oid = attrelid cross join lateral aclexplode(attacl)
    where relnamespace = 'sluice'::regnamespace
      and grantee = 'sluice_admin'::regrole
      and privilege_type <> 'SELECT'
      and not exists (select from pg_trigger where tgrelid = attrelid and tgname = relname || '_audit')
  $$,
  'and every one of which they edit columns'
);

select * from finish();
rollback;
