-- Deploy sluice:audit to pg
-- requires: usage

begin;

set local role sluice_owner;
-- Every start locks several of these tables, in an order of its own: whoever waits for one and holds another can end
-- as a deadlock, and starts with it. So all of them at once or none, again and again, and rather fail, to be run again,
-- than make starts wait behind us.
do $$
begin
  set local lock_timeout = '200ms';
  for attempt in 1..50 loop
    begin
      lock table
        sluice.node, sluice.surface, sluice.surface_key, sluice.virtual_model, sluice.model_route, sluice.credential,
        sluice.role, sluice.role_model, sluice.role_tool, sluice.identity, sluice.identity_link, sluice.identity_role,
        sluice.jwt_issuer, sluice.revocation, sluice.price, sluice.usage_limit, sluice.turn
        in access exclusive mode;
      return;
    exception when lock_not_available then
      perform pg_sleep(0.05 * random());
    end;
  end loop;
  raise lock_not_available using message = 'The tables are in use without a pause: deploy again.';
end
$$;

create table sluice.audit (
  at          timestamptz not null default clock_timestamp(),
  id          uuid        not null default gen_random_uuid(),
  login       text        not null,
  role        text,
  application text,
  address     inet,
  relation    text        not null,
  operation   text        not null,
  row_key     jsonb       not null,
  changes     jsonb       not null default '{}',

  constraint audit_pkey primary key (at, id),
  constraint audit_operation_check check (operation in ('insert', 'update', 'delete', 'export')),
  constraint audit_row_key_check check (jsonb_typeof(row_key) = 'object'),
  constraint audit_changes_check check (jsonb_typeof(changes) = 'object')
);

comment on table sluice.audit is
  'What operators changed, by command line or SQL, a row for each row changed; written by triggers, never changed. '
  'What the program does for its users is not here. How long it is kept is the DBA''s to say.';
comment on column sluice.audit.at is 'When, by the clock: the rows of one transaction follow one another.';
comment on column sluice.audit.id is 'Key, with at.';
comment on column sluice.audit.login is 'The role that had logged in.';
comment on column sluice.audit.role is 'The role that it had become by SET ROLE; null: none.';
comment on column sluice.audit.application is 'The application_name that it gave; null: none.';
comment on column sluice.audit.address is 'Where it came from; null: by a unix socket.';
comment on column sluice.audit.relation is 'The table.';
comment on column sluice.audit.operation is
  'insert, update or delete; export: all that is kept of an identity was handed out.';
comment on column sluice.audit.row_key is 'Object of the columns that say which row.';
comment on column sluice.audit.changes is
  'Object of the columns that changed, each an object with old, new or both. Secrets, and what names a person, are '
  '`***`.';

create function sluice.audit_value(value jsonb, hidden boolean)
returns jsonb
language sql
immutable
parallel safe
return case
  when value = 'null' then value
  when hidden then '"***"'
  when jsonb_typeof(value) = 'string' and value #>> '{}' ~ '^[a-z]+://'
  then to_jsonb(regexp_replace(regexp_replace(value #>> '{}', '://[^/@]*@', '://***@'), '\?.*$', '?***'))
  else value
end;

comment on function sluice.audit_value (jsonb, boolean) is
  'A value as the audit shows it: hidden ones as `***`, URLs without user, password and parameters.';

-- Arguments: the columns that say which row, those whose values are not for others to read, and the only ones that
-- count, if not all do; each a list parted by commas.
create function sluice.audit_enter()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  keys constant text[] := string_to_array(tg_argv[0], ',');
  hidden constant text[] := string_to_array(tg_argv[1], ',');
  counted constant text[] := nullif(string_to_array(tg_argv[2], ','), '{}');
  former constant jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
  latter constant jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
  which jsonb;
  changed jsonb;
begin
  select
    jsonb_object_agg(name, sluice.audit_value(coalesce(former, latter) -> name, name = any (hidden)))
      filter (where name = any (keys)),
    coalesce(
      jsonb_object_agg(
        name,
        case
          when former is null then '{}'
          else jsonb_build_object('old', sluice.audit_value(former -> name, name = any (hidden)))
        end
          || case
            when latter is null then '{}'
            else jsonb_build_object('new', sluice.audit_value(latter -> name, name = any (hidden)))
          end
      ) filter (
        where coalesce(former -> name, 'null') <> coalesce(latter -> name, 'null')
          and (name <> all (keys) or tg_op = 'UPDATE')
          and name not in ('created_at', 'updated_at')
          and (counted is null or name = any (counted))
      ),
      '{}'
    )
  into which, changed
  from jsonb_object_keys(coalesce(latter, former)) as name;

  if tg_op = 'UPDATE' and changed = '{}' then
    return null;
  end if;
  insert into sluice.audit (login, role, application, address, relation, operation, row_key, changes)
  values (
    session_user, nullif(current_setting('role'), 'none'), nullif(current_setting('application_name'), ''),
    inet_client_addr(), tg_table_name, lower(tg_op), which, changed
  );
  return null;
end
$$;

comment on function sluice.audit_enter () is 'Trigger: enters what an operator changed into the audit.';

do $$
declare
  watched record;
begin
  for watched in
    select *
    from (values
      ('virtual_model', 'insert or update or delete', 'id', '', ''),
      ('model_route', 'insert or update or delete', 'id', 'overrides,headers,query', ''),
      ('credential', 'insert or update or delete', 'id', 'reference,sealed,client_key', ''),
      ('surface', 'insert or update or delete', 'id', '', ''),
      ('surface_key', 'insert or update or delete', 'id', 'hash', ''),
      ('role', 'insert or update or delete', 'id', '', ''),
      ('role_model', 'insert or update or delete', 'role_id,model_id', '', ''),
      ('role_tool', 'insert or update or delete', 'role_id,tool', '', ''),
      ('identity_role', 'insert or update or delete', 'identity_id,role_id', '', ''),
      ('identity', 'insert or update or delete', 'id', 'display_name', ''),
      ('identity_link', 'insert or update or delete', 'surface_id,external_id', 'external_id', ''),
      ('jwt_issuer', 'insert or update or delete', 'id', 'secret', ''),
      ('revocation', 'insert or update or delete', 'id', '', ''),
      ('price', 'insert or update or delete', 'id', '', ''),
      ('usage_limit', 'insert or update or delete', 'id', '', ''),
      ('node', 'update of voided_at', 'incarnation', '', 'voided_at'),
      ('turn', 'update of cancel_requested_at', 'id', '', 'cancel_requested_at')
    ) as list (relation, events, keys, hidden, counted)
  loop
    -- Who has the rights of the program, and not those of an operator as well, is the program.
    execute format(
      'create trigger %1$s_audit after %2$s on sluice.%1$I for each row '
      'when (not pg_has_role(session_user, ''sluice_app'', ''usage'') '
      'or pg_has_role(session_user, ''sluice_admin'', ''usage'')) '
      'execute function sluice.audit_enter(%3$L, %4$L, %5$L)',
      watched.relation, watched.events, watched.keys, watched.hidden, watched.counted
    );
  end loop;
end
$$;

revoke all on function sluice.audit_value (jsonb, boolean), sluice.audit_enter () from public;

grant select on sluice.audit to sluice_admin;

insert into sluice.schema_change (name)
values ('audit');

commit;
