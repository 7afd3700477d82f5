-- Verify sluice:jit on pg

begin;

set local plpgsql.check_asserts = on;

do $$
begin
  assert exists (
    select
    from pg_roles, unnest(rolconfig) as setting
    where rolname = 'sluice_app'
      and setting ~ '^jit='
  ), 'whether plans are compiled is set';
  set local role sluice_owner;
  assert exists (select from sluice.schema_change where name = 'jit'), 'recorded';
end
$$;

rollback;
