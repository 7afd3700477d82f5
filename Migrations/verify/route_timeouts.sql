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
  assert (
    select count(*) = 2
    from information_schema.columns
    where table_schema = 'sluice'
      and table_name = 'model_route'
      and column_name in ('first_byte_timeout_ms', 'first_token_timeout_ms')
      and is_nullable = 'YES'
      and column_default is null
  ), 'either limit follows the other';
end
$$;

rollback;
