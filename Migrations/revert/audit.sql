-- Revert sluice:audit from pg
-- The audit goes with it: whoever needs it copies it before.

begin;

set local role sluice_owner;
set local lock_timeout = '2s';

do $$
declare
  relation text;
begin
  foreach relation in array array[
    'virtual_model', 'model_route', 'credential', 'surface', 'surface_key', 'role', 'role_model', 'role_tool',
    'identity_role', 'identity', 'identity_link', 'jwt_issuer', 'revocation', 'price', 'usage_limit', 'node', 'turn'
  ]
  loop
    execute format('drop trigger %1$s_audit on sluice.%1$I', relation);
  end loop;
end
$$;

drop function sluice.audit_enter ();
drop function sluice.audit_value (jsonb, boolean);
drop table sluice.audit;

delete from sluice.schema_change
where name = 'audit';

commit;
