-- Revert sluice:access from pg
-- Everybody may use every virtual model again. Identities that were merged stay so only in their conversations.

begin;

set local role sluice_owner;
set local lock_timeout = '2s';

drop function sluice.roles_of (uuid, uuid);
drop table sluice.token_use;
drop table sluice.revocation;
drop table sluice.jwt_issuer;

revoke delete on sluice.identity_link from sluice_app;
revoke all on sluice.identity_link from sluice_admin;
revoke update (display_name, team, project) on sluice.identity from sluice_admin;

alter table sluice.identity
  drop column team,
  drop column project,
  drop column merged_into,
  drop column merged_at,
  drop column erased_at;

alter table sluice.surface
  drop column role_id,
  drop column anonymous_role_id,
  drop column capabilities,
  drop column team,
  drop column project,
  drop column retention_days;

drop table sluice.identity_role;
drop table sluice.role_tool;
drop table sluice.role_model;
drop table sluice.role;

delete from sluice.schema_change
where name = 'access';

commit;
