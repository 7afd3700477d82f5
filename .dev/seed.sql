-- The rows `make run` starts with; run once by psql on a fresh database, as superuser.
-- psql variables: origin, simulator (its base URL), endpoint (a real provider's base URL, '' for none),
-- provider_model, reference (of the provider's key, '' for none). A DBA writes such rows for a real site.

\set ON_ERROR_STOP on
begin;

insert into sluice.credential (name, reference)
select 'provider', :'reference'
where :'reference' <> '';

insert into sluice.virtual_model (name, title, reasoning)
values
  ('default', 'What the page talks to', 'progress'),
  ('simulated', 'The simulator: prose at 40 tokens a second', 'hidden'),
  ('simulated-echo', 'The simulator: repeats what you say', 'hidden'),
  ('simulated-fault', 'The simulator: the provider breaks off in mid-answer', 'hidden');

-- The simulator is told by the model's name what to answer: see `sluice-sim --help`.
insert into sluice.model_route (model_id, driver, provider_model, region)
select m.id, 'openai', s.provider_model, :'simulator'
from (
  values
    ('simulated', 'simulated;tokens=150'),
    ('simulated-echo', 'simulated;text=echo'),
    ('simulated-fault', 'simulated;fault=reset;after=40')
) as s (name, provider_model)
join sluice.virtual_model as m using (name);

insert into sluice.model_route (model_id, driver, provider_model, credential_id, region)
select m.id, 'openai', :'provider_model', c.id, :'endpoint'
from sluice.virtual_model as m
left join sluice.credential as c on c.name = 'provider'
where m.name = 'default' and :'endpoint' <> '';

-- Without a provider the page talks to the simulator.
insert into sluice.model_route (model_id, driver, provider_model, region)
select m.id, r.driver, r.provider_model, r.region
from sluice.virtual_model as m
cross join sluice.model_route as r
join sluice.virtual_model as s on s.id = r.model_id and s.name = 'simulated'
where m.name = 'default' and :'endpoint' = '';

insert into sluice.surface (name, kind, anonymous, allowed_origins, default_model)
values ('web', 'web', true, array[:'origin', replace(:'origin', '127.0.0.1', 'localhost')], 'default');

commit;
