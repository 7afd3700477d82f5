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

alter table sluice.credential
  drop constraint credential_secret_check,
  add constraint credential_secret_check check (reference is not null or client_certificate is not null),
  drop column sealed,
  drop column sealed_key;

alter table sluice.virtual_model
  drop column prefix_prompt,
  drop column retry_budget_ms;

delete from sluice.schema_change
where name = 'routing';

commit;
