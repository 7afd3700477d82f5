-- Deploy sluice:client_certificate to pg
-- requires: model

begin;

set local role sluice_owner;
-- Every start reads the table: rather fail, to be run again, than make starts wait behind us.
set local lock_timeout = '2s';

-- A gateway may know its callers by their certificate alone: then there is no other secret to send.
alter table sluice.credential
  alter column reference drop not null,
  add column client_certificate text,
  add column client_key         text,
  add column ca_bundle          text,
  add constraint credential_client_certificate_check check (client_certificate ~ '^file:/[^[:cntrl:]]+$'),
  add constraint credential_client_key_check check (client_key ~ '^file:/[^[:cntrl:]]+$'),
  add constraint credential_ca_bundle_check check (ca_bundle ~ '^file:/[^[:cntrl:]]+$'),
  add constraint credential_client_pair_check check ((client_certificate is null) = (client_key is null)),
  add constraint credential_secret_check check (reference is not null or client_certificate is not null);

comment on column sluice.credential.reference is
  '`env:NAME` or `file:/path`: resolved by the program on its own machine; null: the client certificate is all.';
comment on column sluice.credential.client_certificate is
  '`file:/path` (absolute) of the certificate, PEM, by which the gateway knows the program; null: none is shown.';
comment on column sluice.credential.client_key is '`file:/path` (absolute) of the certificate''s private key, PEM.';
comment on column sluice.credential.ca_bundle is
  '`file:/path` (absolute) of the authorities, PEM, that the gateway''s own certificate is checked against; null: those '
  'of the machine.';

insert into sluice.schema_change (name)
values ('client_certificate');

commit;
