-- Verify sluice:identity_merge on pg

begin;

set local role sluice_owner;
set local plpgsql.check_asserts = on;

do $$
begin
  assert has_function_privilege('sluice_app', 'sluice.identity_merge(uuid, uuid)', 'execute'), 'the program merges';
  assert sluice.identity_merge(gen_random_uuid(), gen_random_uuid()) = 'absent', 'it runs';
  assert exists (select from sluice.schema_change where name = 'identity_merge'), 'recorded';
end
$$;

rollback;
