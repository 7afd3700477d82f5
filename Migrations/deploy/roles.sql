-- Deploy sluice:roles to pg
--
-- Roles belong to the cluster, not to the database: they may exist already, made by a DBA or by the deployment of
-- another database, and what a DBA has set on them stays.

begin;

do $$
declare
  wanted record;
begin
  if current_setting('server_version_num')::int < 150000 then
    raise exception 'Sluice needs PostgreSQL 15 or later, this is %', current_setting('server_version');
  end if;

  for wanted in
    select *
    from (values
      ('sluice_owner', 'nologin', 'Owns every object of the schema sluice; nobody logs in as it.'),
      ('sluice_app', 'login', 'The program: reads and writes rows, no DDL. Its authentication is the DBA''s to set.'),
      ('sluice_report', 'login', 'Reports: reads only views that show no content.')
    ) as role (name, login, comment)
  loop
    begin
      execute format('create role %I %s', wanted.name, wanted.login);
      execute format('comment on role %I is %L', wanted.name, wanted.comment);
    exception
      -- unique_violation: another database of the cluster is deployed at this moment.
      when duplicate_object or unique_violation then
        raise notice 'role % exists already, kept', wanted.name;
    end;
  end loop;

  for wanted in
    select *
    from (values
      ('sluice_app', 'statement_timeout', '10s'),
      ('sluice_app', 'lock_timeout', '3s'),
      ('sluice_app', 'idle_in_transaction_session_timeout', '10s'),
      -- Every statement has its index. A plan made while a leaf of the ring was empty would scan it, and stay when the
      -- leaf has filled up.
      ('sluice_app', 'enable_seqscan', 'off'),
      ('sluice_report', 'statement_timeout', '60s')
    ) as setting (role, name, value)
  loop
    if not exists (
      select
      from pg_roles, unnest(rolconfig) as configured
      where rolname = wanted.role
        and configured like wanted.name || '=%'
    ) then
      execute format('alter role %I set %I = %L', wanted.role, wanted.name, wanted.value);
    end if;
  end loop;

  -- The later changes create their objects as the owner; who is no superuser must be allowed to become it.
  begin
    set local role sluice_owner;
    reset role;
  exception
    when insufficient_privilege then
      execute format('grant sluice_owner to %I', current_user);
  end;
end
$$;

-- This change records its name in schema_change, the next one: the table must have its owner first.

commit;
