-- Revert sluice:client_certificate from pg

begin;

set local role sluice_owner;
set local lock_timeout = '2s';

-- A credential that is a certificate alone has no place in the former schema: then the revert stops here, and whoever
-- runs it decides what becomes of the credential and its routes.
alter table sluice.credential
  alter column reference set not null,
  drop constraint credential_secret_check,
  drop constraint credential_client_pair_check,
  drop column client_certificate,
  drop column client_key,
  drop column ca_bundle;

comment on column sluice.credential.reference is
  '`env:NAME` or `file:/path`: resolved by the program on its own machine.';

delete from sluice.schema_change
where name = 'client_certificate';

commit;
