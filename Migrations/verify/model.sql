-- Verify sluice:model on pg

begin;

set local role sluice_owner;
set local plpgsql.check_asserts = on;

select id, name, reference, managed_domain, created_at
from sluice.credential
where false;

select
  id, name, title, enabled, stream, notool, nopreprompt, system_prompt, parameters, durability, chunking, reasoning,
  history_limit, on_interrupt, created_at, updated_at
from sluice.virtual_model
where false;

select
  id, model_id, priority, weight, driver, provider_model, credential_id, region, overrides, connect_timeout_ms,
  first_byte_timeout_ms, idle_timeout_ms, enabled, created_at
from sluice.model_route
where false;

do $$
begin
  assert exists (select from sluice.schema_change where name = 'model'), 'recorded';
  assert exists (
    select
    from pg_trigger
    where tgrelid = 'sluice.virtual_model'::regclass
      and tgname = 'virtual_model_touch'
      and tgenabled = 'O'
  ), 'updated_at is kept';
  assert has_table_privilege('sluice_app', 'sluice.credential', 'select'), 'the program reads credentials';
  assert has_table_privilege('sluice_app', 'sluice.virtual_model', 'select'), 'the program reads virtual models';
  assert has_table_privilege('sluice_app', 'sluice.model_route', 'select'), 'the program reads routes';
end
$$;

rollback;
