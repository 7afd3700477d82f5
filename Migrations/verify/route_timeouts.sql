-- Verify sluice:route_timeouts on pg

begin;

set local role sluice_owner;
set local plpgsql.check_asserts = on;

select first_token_timeout_ms, total_timeout_ms
from sluice.model_route
where false;

do $$
begin
  assert exists (select from sluice.schema_change where name = 'route_timeouts'), 'recorded';
end
$$;

rollback;
