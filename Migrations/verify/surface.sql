-- Verify sluice:surface on pg

begin;

set local role sluice_owner;
set local plpgsql.check_asserts = on;

select id, name, kind, allowed_origins, anonymous, default_model, pace_ms, session_limit, enabled, created_at
from sluice.surface
where false;

do $$
begin
  assert exists (select from sluice.schema_change where name = 'surface'), 'recorded';
  assert has_table_privilege('sluice_app', 'sluice.surface', 'select'), 'the program reads surfaces';
end
$$;

rollback;
