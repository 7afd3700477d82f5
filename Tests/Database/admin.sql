-- What the role of those who configure may do: edit models and access, cancel and void; read no content.

\set ECHO none
\set ON_ERROR_STOP on
begin;
set local client_min_messages = warning;
create extension if not exists pgtap;

create temporary view granted as
select
  relname::text collate "C" as relation,
  string_agg(privilege, ' ' order by ordinal) as rights
from pg_class
cross join unnest(
  array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']
) with ordinality as kind (privilege, ordinal)
where relnamespace = 'sluice'::regnamespace
  and relkind in ('r', 'p', 'v')
  and has_table_privilege('sluice_admin', pg_class.oid, privilege)
group by relname;

insert into sluice.surface (name, kind)
values ('web', 'web');
insert into sluice.node (incarnation, tag, host, version, lease_until)
values (gen_random_uuid(), 7, 'localhost', '0.1.0', now() - interval '1 s');
with made as (
  insert into sluice.identity (kind) values ('person') returning id
)
insert into sluice.turn (
  id, conversation_id, identity_id, surface_id, user_message_id, message_id, model_name, durability, on_interrupt, owner
)
select
  gen_random_uuid(), gen_random_uuid(), made.id, surface.id, gen_random_uuid(), gen_random_uuid(), 'fast', 'commit',
  'keep', node.incarnation
from made, sluice.surface, sluice.node;

create temporary table refusal (reason text, statement text);
insert into refusal
values
  ('reads no message', $$select from sluice.message$$),
  ('reads no metadata of turns', $$select metadata from sluice.turn$$),
  ('reads no request of turns', $$select request from sluice.turn$$),
  ('reads no whole turn', $$select * from sluice.turn$$),
  ('reads no chunk', $$select from sluice.turn_delta$$),
  ('reads no leaf', $$select from sluice.turn_delta_0$$),
  ('reads no event', $$select from sluice.turn_event$$),
  ('reads no idempotency key', $$select from sluice.idempotency$$),
  ('writes no ledger', $$insert into sluice.usage_ledger default values$$),
  ('changes no count', $$update sluice.usage_counter set tokens = 0$$),
  ('ends no turn', $$update sluice.turn set state = 'done', chunks = 1, ended_at = now()$$),
  ('moves no turn', $$update sluice.turn set owner = gen_random_uuid()$$),
  ('deletes no turn', $$delete from sluice.turn$$),
  ('starts no turn', $$insert into sluice.turn default values$$),
  ('lengthens no lease', $$update sluice.node set lease_until = now() + interval '1 year'$$),
  ('makes no node', $$insert into sluice.node default values$$),
  ('changes no route''s health', $$update sluice.route_health set state = 'closed'$$),
  ('enters nothing into the audit', $$insert into sluice.audit default values$$),
  ('changes nothing in the audit', $$update sluice.audit set login = 'nobody'$$),
  ('deletes nothing from the audit', $$delete from sluice.audit$$),
  ('exports nobody', $$select sluice.identity_export(gen_random_uuid())$$),
  ('erases nobody', $$select sluice.identity_erase(gen_random_uuid())$$),
  ('deletes no node', $$delete from sluice.node$$),
  ('deletes no conversation', $$delete from sluice.conversation$$),
  ('changes no identity', $$update sluice.identity set kind = 'service'$$),
  ('deletes no identity', $$delete from sluice.identity$$),
  ('claims no change', $$insert into sluice.schema_change (name) values ('extra')$$),
  ('recycles nothing', $$select sluice.turn_delta_recycle()$$),
  ('creates no table', $$create table sluice.extra ()$$),
  ('alters no table', $$alter table sluice.surface add column extra int$$),
  ('does not become the owner', $$set local role sluice_owner$$),
  ('does not become the program', $$set local role sluice_app$$);
grant select on refusal to sluice_admin;

create temporary table acceptance (reason text, statement text);
insert into acceptance
values
  ('cancels a turn', $$update sluice.turn set cancel_requested_at = now() where state = 'streaming'$$),
  (
    'voids a node, once its flushes are through',
    $$
      with dead as (
        select incarnation from sluice.node where lease_until < now() for update
      )
      update sluice.node set voided_at = now() from dead where node.incarnation = dead.incarnation
    $$
  ),
  ('renames a surface', $$update sluice.surface set name = 'shop'$$),
  ('removes a surface', $$delete from sluice.surface$$),
  (
    'seals a secret',
    $$
      insert into sluice.credential (name, sealed, sealed_key)
      values ('sealed', decode(repeat('00', 29), 'hex'), 'k1')
    $$
  ),
  ('reads what is sealed, to seal it anew', $$select sealed, sealed_key from sluice.credential$$),
  ('looks at routes', $$select from sluice.route_status, sluice.route_health$$),
  ('looks at how providers were asked', $$select upstream from sluice.turn$$),
  ('looks at nodes', $$select from sluice.node_status$$),
  ('looks at turns', $$select from sluice.live_turn, sluice.turn_report$$),
  ('looks at the audit', $$select from sluice.audit$$);
grant select on acceptance to sluice_admin;

select plan((select count(*) from refusal)::integer + (select count(*) from acceptance)::integer + 7);

select results_eq(
  $$select relation, rights from granted order by relation$$,
  $$
    values
      ('audit' collate "C", 'select'),
      ('conversation', 'select'),
      ('cost_by_day', 'select'),
      ('credential', 'select insert update delete'),
      ('error_by_day', 'select'),
      ('first_text_by_day', 'select'),
      ('identity', 'select insert'),
      ('identity_link', 'select insert delete'),
      ('identity_role', 'select insert update delete'),
      ('jwt_issuer', 'select insert update delete'),
      ('live_turn', 'select'),
      ('model_route', 'select insert update delete'),
      ('node', 'select'),
      ('node_status', 'select'),
      ('price', 'select insert update delete'),
      ('revocation', 'select insert update delete'),
      ('role', 'select insert update delete'),
      ('role_model', 'select insert update delete'),
      ('role_tool', 'select insert update delete'),
      ('route_health', 'select'),
      ('route_status', 'select'),
      ('schema_change', 'select'),
      ('surface', 'select insert update delete'),
      ('surface_key', 'select insert update delete'),
      ('top_identity', 'select'),
      ('turn_report', 'select'),
      ('usage_counter', 'select'),
      ('usage_hold', 'select'),
      ('usage_ledger', 'select'),
      ('usage_limit', 'select insert update delete'),
      ('virtual_model', 'select insert update delete')
  $$,
  'it has these rights and no others'
);
select results_eq(
  $$
    select relname::text collate "C", attname::text collate "C", privilege_type collate "C"
    from pg_attribute
    join pg_class on pg_class.oid = attrelid
    cross join lateral aclexplode(attacl)
    where relnamespace = 'sluice'::regnamespace
      and privilege_type <> 'SELECT'
    order by relname, attname
  $$,
  $$
    values
      ('identity' collate "C", 'display_name' collate "C", 'UPDATE' collate "C"),
      ('identity', 'project', 'UPDATE'),
      ('identity', 'team', 'UPDATE'),
      ('node', 'voided_at', 'UPDATE'),
      ('turn', 'cancel_requested_at', 'UPDATE')
  $$,
  'it changes these columns'
);
select results_eq(
  $$
    select distinct attname::text collate "C"
    from pg_attribute
    where attrelid = 'sluice.turn'::regclass
      and attnum > 0
      and not attisdropped
      and not has_column_privilege('sluice_admin', attrelid, attnum, 'select')
    order by 1
  $$,
  $$values ('metadata' collate "C"), ('request')$$,
  'and reads all of a turn but what the client gave it'
);
select ok(
  rolcanlogin and not (rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls),
  'it logs in and has no attribute'
)
from pg_roles
where rolname = 'sluice_admin';
select is_empty(
  $$select from pg_auth_members where member = 'sluice_admin'::regrole$$,
  'it is a member of nothing'
);
select isnt(shobj_description('sluice_admin'::regrole, 'pg_authid'), null, 'it has a comment');
select results_eq(
  $$
    select split_part(setting, '=', 1) collate "C"
    from pg_roles, unnest(rolconfig) as setting
    where rolname = 'sluice_admin'
    order by 1
  $$,
  $$values ('idle_in_transaction_session_timeout' collate "C"), ('lock_timeout'), ('statement_timeout')$$,
  'time-outs are set'
);

set local session authorization sluice_admin;
select throws_ok(statement, '42501', null, 'it ' || reason)
from refusal;
select lives_ok(statement, 'it ' || reason)
from acceptance;

reset session authorization;
select * from finish();
rollback;
