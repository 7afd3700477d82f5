-- Verify sluice:access on pg

begin;

set local role sluice_owner;
set local plpgsql.check_asserts = on;

select
  surface.role_id, surface.anonymous_role_id, surface.capabilities, surface.team, surface.project,
  surface.retention_days, identity.team, identity.project, identity.merged_into, identity.merged_at, identity.erased_at,
  role.all_models, role.all_tools, role_model.model_id, role_tool.tool, identity_role.granted_at,
  jwt_issuer.algorithms, revocation.revoked_at, token_use.expires_at
from sluice.surface
cross join sluice.identity
cross join sluice.role
cross join sluice.role_model
cross join sluice.role_tool
cross join sluice.identity_role
cross join sluice.jwt_issuer
cross join sluice.revocation
cross join sluice.token_use
where false;

do $$
begin
  assert to_regprocedure('sluice.roles_of(uuid, uuid)') is not null, 'roles_of';
  assert exists (select from sluice.schema_change where name = 'access'), 'recorded';
end
$$;

rollback;
