-- Everything says what it is, so that \d+ is the manual.

\set ECHO none
\set ON_ERROR_STOP on
begin;
set local client_min_messages = warning;
create extension if not exists pgtap;

select plan(4);

select is_empty(
  $$
    select oid::regclass
    from pg_class
    where relnamespace = 'sluice'::regnamespace
      and relkind in ('r', 'p', 'v')
      and obj_description(oid, 'pg_class') is null
  $$,
  'every table, leaf and view has a comment'
);
select is_empty(
  $$
    select attrelid::regclass, attname
    from pg_attribute join pg_class on pg_class.oid = attrelid
    where relnamespace = 'sluice'::regnamespace
      and relkind in ('r', 'p', 'v')
      and not relispartition
      and attnum > 0
      and not attisdropped
      and col_description(attrelid, attnum) is null
  $$,
  'every column has a comment'
);
select is_empty(
  $$
    select oid::regprocedure
    from pg_proc
    where pronamespace = 'sluice'::regnamespace
      and obj_description(oid, 'pg_proc') is null
  $$,
  'every function has a comment'
);
select is_empty(
  $$
    select rolname
    from pg_roles
    where rolname in ('sluice_owner', 'sluice_app', 'sluice_report', 'sluice_admin', 'sluice_privacy')
      and shobj_description(oid, 'pg_authid') is null
  $$,
  'every role has a comment'
);

select * from finish();
rollback;
