-- Revert sluice:routing from pg
-- What has no place in the former schema (a route of another driver than openai or without a region, a sealed secret)
-- stops it here: whoever runs it decides what becomes of that.

begin;

set local role sluice_owner;
set local lock_timeout = '2s';

drop view sluice.route_status;
drop table sluice.route_health;

alter table sluice.turn
  drop column upstream;

comment on column sluice.turn.route_id is 'The route that serves it; null: none chosen yet.';

alter table sluice.model_route
  drop constraint model_route_key,
  drop constraint model_route_driver_check,
  drop constraint model_route_credential_id_check,
  drop column headers,
  drop column query,
  drop column http_version,
  drop column concurrency_limit,
  alter column region set not null,
  add constraint model_route_key unique (model_id, priority, driver, provider_model, region),
  add constraint model_route_driver_check check (driver in ('openai')),
  add constraint model_route_credential_id_check check (region ~ '^https?://' or credential_id is not null);

comment on column sluice.model_route.priority is 'Routes of the least number are tried first.';
comment on column sluice.model_route.driver is 'The wire format of the provider; openai: chat completions.';
comment on column sluice.model_route.region is
  'A short name is the prefix of the credential''s managed domain; what begins with http:// or https:// is the whole '
  'endpoint.';
comment on column sluice.model_route.overrides is
  'Object of request parameters that win over those of the virtual model.';

alter table sluice.credential
  drop constraint credential_secret_check,
  add constraint credential_secret_check check (reference is not null or client_certificate is not null),
  drop column sealed,
  drop column sealed_key;

comment on table sluice.credential is 'Where the program finds a secret of a model provider. Never the secret itself.';
comment on column sluice.credential.reference is
  '`env:NAME` or `file:/path`: resolved by the program on its own machine; null: the client certificate is all.';

alter table sluice.virtual_model
  drop column prefix_prompt,
  drop column retry_budget_ms;

comment on column sluice.virtual_model.notool is 'True: no key that speaks of tools is sent to the provider.';
comment on column sluice.virtual_model.nopreprompt is 'True: system_prompt is not sent to the provider.';
comment on column sluice.virtual_model.system_prompt is 'Sent before the history; null: none.';

delete from sluice.schema_change
where name = 'routing';

commit;
