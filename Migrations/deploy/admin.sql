-- Deploy sluice:admin to pg
-- requires: views
--
-- Whoever configures Sluice needs no superuser and no owner: this role edits models, access and leases, and reads turns
-- without their content. People get a role of their own that is a member of it.

begin;

do $$
declare
  wanted record;
begin
  -- Roles belong to the cluster: it may exist already, and what a DBA has set on it stays.
  begin
    create role sluice_admin login;
    comment on role sluice_admin is
      'Operators: edits models and access, cancels turns, voids dead nodes. Reads no content.';
  exception
    -- unique_violation: another database of the cluster is deployed at this moment.
    when duplicate_object or unique_violation then
      raise notice 'role sluice_admin exists already, kept';
  end;

  for wanted in
    select *
    from (values
      ('statement_timeout', '60s'),
      ('lock_timeout', '3s'),
      ('idle_in_transaction_session_timeout', '60s')
    ) as setting (name, value)
  loop
    if not exists (
      select
      from pg_roles, unnest(rolconfig) as configured
      where rolname = 'sluice_admin'
        and configured like wanted.name || '=%'
    ) then
      execute format('alter role sluice_admin set %I = %L', wanted.name, wanted.value);
    end if;
  end loop;
end
$$;

set local role sluice_owner;

grant usage on schema sluice to sluice_admin;

grant select, insert, update, delete
on sluice.credential, sluice.virtual_model, sluice.model_route, sluice.surface, sluice.surface_key
to sluice_admin;

-- The service identity of a key.
grant select, insert on sluice.identity to sluice_admin;

grant select
on sluice.schema_change, sluice.node, sluice.conversation,
  sluice.live_turn, sluice.node_status, sluice.turn_report
to sluice_admin;

-- All but metadata, which is the client's own.
grant select (
  id, conversation_id, identity_id, surface_id, user_message_id, message_id, model_name, route_id, durability,
  on_interrupt, owner, state, epoch, chunks, finish_reason, error, usage, created_at, ended_at, cancel_requested_at
)
on sluice.turn
to sluice_admin;

grant update (cancel_requested_at) on sluice.turn to sluice_admin;
grant update (voided_at) on sluice.node to sluice_admin;

insert into sluice.schema_change (name)
values ('admin');

commit;
