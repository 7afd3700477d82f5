-- Verify sluice:routing on pg

begin;

set local role sluice_owner;
set local plpgsql.check_asserts = on;

select
  model.prefix_prompt, model.retry_budget_ms, route.headers, route.query, route.http_version, route.concurrency_limit,
  credential.sealed, credential.sealed_key, turn.upstream, health.state, status.state
from sluice.virtual_model as model
cross join sluice.model_route as route
cross join sluice.credential as credential
cross join sluice.turn as turn
cross join sluice.route_health as health
cross join sluice.route_status as status
where false;

do $$
begin
  assert exists (select from sluice.schema_change where name = 'routing'), 'recorded';
end
$$;

rollback;
