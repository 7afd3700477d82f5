-- Verify sluice:client_certificate on pg

begin;

set local role sluice_owner;
set local plpgsql.check_asserts = on;

select client_certificate, client_key, ca_bundle
from sluice.credential
where false;

do $$
begin
  assert exists (select from sluice.schema_change where name = 'client_certificate'), 'recorded';
  assert (
    select is_nullable = 'YES'
    from information_schema.columns
    where table_schema = 'sluice'
      and table_name = 'credential'
      and column_name = 'reference'
  ), 'a certificate alone is a credential';
end
$$;

rollback;
