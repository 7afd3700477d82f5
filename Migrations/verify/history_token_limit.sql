-- Verify sluice:history_token_limit on pg

begin;

set local role sluice_owner;
set local plpgsql.check_asserts = on;

select history_token_limit
from sluice.virtual_model
where false;

do $$
begin
  assert exists (select from sluice.schema_change where name = 'history_token_limit'), 'recorded';
end
$$;

rollback;
