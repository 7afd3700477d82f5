-- What each role may do: no more than it needs.

\set ECHO none
\set ON_ERROR_STOP on
begin;
set local client_min_messages = warning;
create extension if not exists pgtap;

create temporary view granted as
select
  grantee.name as role,
  relname::text collate "C" as relation,
  string_agg(privilege, ' ' order by ordinal) as rights
from unnest(array['sluice_app', 'sluice_report']) as grantee (name)
cross join pg_class
cross join unnest(
  array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']
) with ordinality as kind (privilege, ordinal)
where relnamespace = 'sluice'::regnamespace
  and relkind in ('r', 'p', 'v')
  and has_table_privilege(grantee.name, pg_class.oid, privilege)
group by grantee.name, relname;
grant select on granted to sluice_app;

create temporary table refusal (role name, reason text, statement text);
insert into refusal
values
  ('sluice_app', 'creates no table', $$create table sluice.extra ()$$),
  ('sluice_app', 'creates no function', $$create function sluice.extra() returns int return 1$$),
  ('sluice_app', 'creates no schema', $$create schema extra$$),
  ('sluice_app', 'creates no role', $$create role extra$$),
  ('sluice_app', 'alters no table', $$alter table sluice.turn add column extra int$$),
  ('sluice_app', 'creates no index', $$create index on sluice.turn (ended_at)$$),
  ('sluice_app', 'drops no table', $$drop table sluice.turn$$),
  ('sluice_app', 'drops no leaf', $$drop table sluice.turn_delta_0$$),
  ('sluice_app', 'grants nothing', $$grant sluice_owner to sluice_app$$),
  ('sluice_app', 'does not become the owner', $$set local role sluice_owner$$),
  ('sluice_app', 'deletes no message', $$delete from sluice.message$$),
  ('sluice_app', 'changes no message', $$update sluice.message set parts = '[]'$$),
  ('sluice_app', 'deletes no turn', $$delete from sluice.turn$$),
  ('sluice_app', 'changes no chunk', $$update sluice.turn_delta set events = ''$$),
  ('sluice_app', 'deletes no identity', $$delete from sluice.identity$$),
  ('sluice_app', 'truncates no turns', $$truncate sluice.turn$$),
  ('sluice_app', 'truncates no messages', $$truncate sluice.message$$),
  ('sluice_app', 'truncates a leaf, never the ring', $$truncate sluice.turn_delta$$),
  ('sluice_app', 'makes no surface key', $$insert into sluice.surface_key default values$$),
  ('sluice_app', 'changes no route', $$update sluice.model_route set region = 'http://elsewhere.example'$$),
  ('sluice_app', 'seals nothing', $$update sluice.credential set sealed = null$$),
  ('sluice_app', 'claims no change', $$insert into sluice.schema_change (name) values ('extra')$$),
  ('sluice_app', 'writes no ledger', $$insert into sluice.usage_ledger default values$$),
  ('sluice_app', 'grants no role', $$insert into sluice.identity_role default values$$),
  ('sluice_app', 'lifts no limit', $$delete from sluice.usage_limit$$),
  ('sluice_app', 'reads no audit', $$select from sluice.audit$$),
  ('sluice_app', 'enters nothing into the audit', $$insert into sluice.audit default values$$),
  ('sluice_app', 'erases nobody', $$select sluice.identity_erase(gen_random_uuid())$$),
  ('sluice_app', 'exports nobody', $$select sluice.identity_export(gen_random_uuid())$$),
  ('sluice_report', 'reads no message', $$select from sluice.message$$),
  ('sluice_report', 'reads no turn', $$select error from sluice.turn$$),
  ('sluice_report', 'reads no chunk', $$select from sluice.turn_delta$$),
  ('sluice_report', 'reads no event', $$select from sluice.turn_event$$),
  ('sluice_report', 'reads no name', $$select from sluice.live_turn$$),
  ('sluice_report', 'reads no identity', $$select from sluice.identity$$),
  ('sluice_report', 'reads no credential', $$select from sluice.credential$$),
  ('sluice_report', 'reads no sealed secret', $$select sealed from sluice.credential$$),
  ('sluice_report', 'reads no node''s view of a route', $$select from sluice.route_health$$),
  ('sluice_report', 'writes nothing', $$insert into sluice.turn default values$$),
  ('sluice_report', 'recycles nothing', $$select sluice.turn_delta_recycle()$$),
  ('sluice_report', 'expires nothing', $$select sluice.conversation_expire()$$),
  ('sluice_report', 'erases nobody', $$select sluice.identity_erase(gen_random_uuid())$$),
  ('sluice_report', 'exports nobody', $$select sluice.identity_export(gen_random_uuid())$$),
  ('sluice_report', 'exports no conversation', $$select sluice.conversation_export(null, null)$$),
  ('sluice_report', 'reads no audit', $$select from sluice.audit$$),
  ('sluice_report', 'creates nothing', $$create table sluice.extra ()$$);
grant select on refusal to sluice_app, sluice_report;

select plan((select count(*) from refusal)::integer + 9);

select results_eq(
  $$select relation, rights from granted where role = 'sluice_app' order by relation$$,
  $$
    values
      ('conversation' collate "C", 'select insert update delete'),
      ('credential', 'select'),
      ('idempotency', 'select insert update delete'),
      ('identity', 'select insert update'),
      ('identity_link', 'select insert update delete'),
      ('identity_role', 'select'),
      ('jwt_issuer', 'select'),
      ('message', 'select insert'),
      ('model_route', 'select'),
      ('node', 'select insert update delete'),
      ('price', 'select'),
      ('revocation', 'select insert delete'),
      ('role', 'select'),
      ('role_model', 'select'),
      ('role_tool', 'select'),
      ('route_health', 'select insert update delete'),
      ('route_status', 'select'),
      ('schema_change', 'select'),
      ('surface', 'select'),
      ('surface_key', 'select'),
      ('token_use', 'select insert update delete'),
      ('turn', 'select insert update'),
      ('turn_delta', 'select insert delete'),
      ('turn_delta_0', 'truncate'),
      ('turn_delta_1', 'truncate'),
      ('turn_delta_2', 'truncate'),
      ('turn_delta_3', 'truncate'),
      ('turn_delta_4', 'truncate'),
      ('turn_delta_5', 'truncate'),
      ('turn_delta_6', 'truncate'),
      ('turn_delta_7', 'truncate'),
      ('usage_counter', 'select insert update delete'),
      ('usage_hold', 'select insert update delete'),
      ('usage_limit', 'select'),
      ('virtual_model', 'select')
  $$,
  'the program has these rights and no others'
);
select results_eq(
  $$select relation, rights from granted where role = 'sluice_report' order by relation$$,
  $$
    values
      ('cost_by_day' collate "C", 'select'),
      ('error_by_day', 'select'),
      ('first_text_by_day', 'select'),
      ('node_status', 'select'),
      ('price', 'select'),
      ('route_status', 'select'),
      ('top_identity', 'select'),
      ('turn_report', 'select'),
      ('usage_ledger', 'select')
  $$,
  'reports have these rights and no others'
);
select is_empty(
  $$
    select attrelid::regclass, attname
    from pg_attribute join pg_class on pg_class.oid = attrelid
    where relnamespace = 'sluice'::regnamespace
      and attacl is not null
      and exists (
        select
        from aclexplode(attacl)
        where grantee in ('sluice_app'::regrole, 'sluice_report'::regrole)
      )
  $$,
  'no right of theirs hides on a column'
);
select ok(
  not (rolcanlogin or rolsuper or rolcreaterole or rolcreatedb or rolbypassrls),
  'the owner cannot log in and has no attribute'
)
from pg_roles
where rolname = 'sluice_owner';
select ok(
  rolcanlogin and not (rolsuper or rolcreaterole or rolcreatedb or rolbypassrls),
  rolname || ' logs in and has no attribute'
)
from pg_roles
where rolname in ('sluice_app', 'sluice_report')
order by rolname;
select set_has(
  $$select rolname::text, split_part(setting, '=', 1) from pg_roles, unnest(rolconfig) as setting$$,
  $$
    values
      ('sluice_app', 'statement_timeout'),
      ('sluice_app', 'lock_timeout'),
      ('sluice_app', 'idle_in_transaction_session_timeout'),
      ('sluice_app', 'enable_seqscan'),
      ('sluice_app', 'jit'),
      ('sluice_report', 'statement_timeout')
  $$,
  'time-outs and the planner are set'
);
select results_eq(
  $$
    select proname::text collate "C"
    from pg_proc
    where pronamespace = 'sluice'::regnamespace
      and prosecdef
    order by 1
  $$,
  $$
    values
      ('audit_enter' collate "C"), ('conversation_export'), ('identity_erase'), ('identity_export'), ('identity_merge'),
      ('turn_account'), ('usage_limit_begin')
  $$,
  'these lend the rights of their owner: nobody else writes the ledger and the audit, or erases'
);
select is_empty(
  $$
    select proname
    from pg_proc
    where pronamespace = 'sluice'::regnamespace
      and (
        prosecdef and not coalesce(proconfig @> array['search_path=""'], false)
        or exists (select from aclexplode(proacl) where grantee = 0)
        or proacl is null and prosecdef
      )
  $$,
  'such functions look nowhere but where they say, and are nobody''s by default'
);

set local session authorization sluice_app;
select throws_ok(statement, '42501', null, 'the program ' || reason)
from refusal
where role = 'sluice_app';

set local session authorization sluice_report;
select throws_ok(statement, '42501', null, 'a report ' || reason)
from refusal
where role = 'sluice_report';

reset session authorization;
select * from finish();
rollback;
