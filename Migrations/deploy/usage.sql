-- Deploy sluice:usage to pg
-- requires: access

begin;

set local role sluice_owner;
-- Every start locks several of these tables, in an order of its own: whoever waits for one and holds another can end
-- as a deadlock, and starts with it. So all of them at once or none, again and again, and rather fail, to be run again,
-- than make starts wait behind us.
do $$
begin
  set local lock_timeout = '200ms';
  for attempt in 1..50 loop
    begin
      lock table sluice.surface, sluice.virtual_model, sluice.identity, sluice.turn in access exclusive mode;
      return;
    exception when lock_not_available then
      perform pg_sleep(0.05 * random());
    end;
  end loop;
  raise lock_not_available using message = 'The tables are in use without a pause: deploy again.';
end
$$;

create table sluice.price (
  id             uuid           not null default gen_random_uuid(),
  driver         text           not null,
  provider_model text           not null,
  valid_from     timestamptz    not null default now(),
  input          numeric(20, 8) not null,
  output         numeric(20, 8) not null,
  cached         numeric(20, 8),
  reasoning      numeric(20, 8),
  created_at     timestamptz    not null default now(),

  constraint price_pkey primary key (id),
  -- A price holds until the next one: ranges can neither overlap nor leave a gap.
  constraint price_key unique (driver, provider_model, valid_from),
  constraint price_driver_check check (driver ~ '^[a-z][a-z0-9_-]{0,31}$'),
  constraint price_provider_model_check check (length(provider_model) between 1 and 255),
  constraint price_valid_from_check check (isfinite(valid_from)),
  constraint price_amounts_check check (least(input, output, cached, reasoning) >= 0)
);

comment on table sluice.price is
  'What a million tokens of a provider''s model cost, in the one currency that all prices are in. Each holds until the '
  'next of the same model.';
comment on column sluice.price.id is 'Key.';
comment on column sluice.price.driver is 'The driver of the routes that it is for.';
comment on column sluice.price.provider_model is 'Their model, as the provider calls it.';
comment on column sluice.price.valid_from is 'Turns that start from then on cost this.';
comment on column sluice.price.input is 'A million input tokens.';
comment on column sluice.price.output is 'A million output tokens.';
comment on column sluice.price.cached is 'A million input tokens that the provider read from its cache; null: as input.';
comment on column sluice.price.reasoning is 'A million output tokens spent on reasoning; null: as output.';
comment on column sluice.price.created_at is 'When the row was made.';

create table sluice.usage_ledger (
  turn_id          uuid            not null,
  identity_id      uuid            not null,
  surface_id       uuid            not null,
  team             text,
  project          text,
  model_name       text            not null,
  driver           text,
  provider_model   text,
  state            text            not null,
  error_code       text,
  estimated        boolean         not null,
  input_tokens     bigint          not null,
  output_tokens    bigint          not null,
  cached_tokens    bigint          not null,
  reasoning_tokens bigint          not null,
  price_id         uuid,
  cost             numeric(24, 12),
  first_text_ms    integer,
  started_at       timestamptz     not null,
  ended_at         timestamptz     not null,

  constraint usage_ledger_pkey primary key (turn_id),
  constraint usage_ledger_state_check check (state in ('done', 'error', 'cancelled', 'interrupted')),
  constraint usage_ledger_tokens_check check (least(input_tokens, output_tokens, cached_tokens, reasoning_tokens) >= 0),
  constraint usage_ledger_cost_check check (cost >= 0 and (cost is null) = (price_id is null))
);

create index usage_ledger_ended_at_idx on sluice.usage_ledger (ended_at);
create index usage_ledger_identity_id_ended_at_idx on sluice.usage_ledger (identity_id, ended_at);

comment on table sluice.usage_ledger is
  'What each turn used and cost, a row written with its end and never changed by the program. No foreign keys: it '
  'outlives what it speaks of.';
comment on column sluice.usage_ledger.turn_id is 'The turn.';
comment on column sluice.usage_ledger.identity_id is 'Whose it was.';
comment on column sluice.usage_ledger.surface_id is 'Where it was started.';
comment on column sluice.usage_ledger.team is 'The identity''s team at its end, or the surface''s; null: neither has one.';
comment on column sluice.usage_ledger.project is 'The identity''s project at its end, or the surface''s; null: neither has one.';
comment on column sluice.usage_ledger.model_name is 'Name that the virtual model had at the start.';
comment on column sluice.usage_ledger.driver is 'Driver of the route that served it, or was tried last; null: none was.';
comment on column sluice.usage_ledger.provider_model is 'That route''s model, as the provider calls it; null: none was.';
comment on column sluice.usage_ledger.state is 'done, error, cancelled or interrupted.';
comment on column sluice.usage_ledger.error_code is 'Code of its error; null: none.';
comment on column sluice.usage_ledger.estimated is
  'True: the provider did not say; the tokens are taken from the length of the text.';
comment on column sluice.usage_ledger.input_tokens is 'All input tokens, cached ones included.';
comment on column sluice.usage_ledger.output_tokens is 'All output tokens, those of reasoning included.';
comment on column sluice.usage_ledger.cached_tokens is 'Of the input, what the provider read from its cache.';
comment on column sluice.usage_ledger.reasoning_tokens is 'Of the output, what was spent on reasoning.';
comment on column sluice.usage_ledger.price_id is 'The price that held at the start; null: none did.';
comment on column sluice.usage_ledger.cost is 'What it cost by that price; null: no price held.';
comment on column sluice.usage_ledger.first_text_ms is
  'Milliseconds from its start until its first text came; null: none came, or nobody knows.';
comment on column sluice.usage_ledger.started_at is 'When it started.';
comment on column sluice.usage_ledger.ended_at is 'When it ended.';

create table sluice.usage_limit (
  id                  uuid           not null default gen_random_uuid(),
  identity_id         uuid,
  surface_id          uuid,
  role_id             uuid,
  model_id            uuid,
  requests_per_minute integer,
  concurrent_turns    integer,
  tokens_per_day      bigint,
  tokens_per_month    bigint,
  cost_per_day        numeric(20, 8),
  cost_per_month      numeric(20, 8),
  created_at          timestamptz    not null default now(),

  constraint usage_limit_pkey primary key (id),
  constraint usage_limit_identity_id_key unique (identity_id),
  constraint usage_limit_surface_id_key unique (surface_id),
  constraint usage_limit_role_id_key unique (role_id),
  constraint usage_limit_model_id_key unique (model_id),
  constraint usage_limit_identity_id_fkey foreign key (identity_id) references sluice.identity (id) on delete cascade,
  constraint usage_limit_surface_id_fkey foreign key (surface_id) references sluice.surface (id) on delete cascade,
  constraint usage_limit_role_id_fkey foreign key (role_id) references sluice.role (id) on delete cascade,
  constraint usage_limit_model_id_fkey foreign key (model_id) references sluice.virtual_model (id) on delete cascade,
  constraint usage_limit_subject_check check (num_nonnulls(identity_id, surface_id, role_id, model_id) = 1),
  constraint usage_limit_amounts_check check (
    least(requests_per_minute, concurrent_turns, tokens_per_day, tokens_per_month, cost_per_day, cost_per_month) >= 0
  )
);

comment on table sluice.usage_limit is
  'What may be used, a row for an identity, a surface, a role or a virtual model. All that apply to a start must hold.';
comment on column sluice.usage_limit.id is 'Key.';
comment on column sluice.usage_limit.identity_id is 'The identity that it is for; null: for something else.';
comment on column sluice.usage_limit.surface_id is 'The surface whose turns together it is for; null: for something else.';
comment on column sluice.usage_limit.role_id is
  'The role of whose members each may use so much, on all surfaces together; null: for something else.';
comment on column sluice.usage_limit.model_id is 'The virtual model whose turns together it is for; null: for something else.';
comment on column sluice.usage_limit.requests_per_minute is 'Starts in a minute of the clock; null: no limit.';
comment on column sluice.usage_limit.concurrent_turns is 'Turns that stream at one time; null: no limit.';
comment on column sluice.usage_limit.tokens_per_day is 'Input and output tokens in a day of UTC; null: no limit.';
comment on column sluice.usage_limit.tokens_per_month is 'The same in a month of UTC; null: no limit.';
comment on column sluice.usage_limit.cost_per_day is 'Money in a day of UTC, in the currency of the prices; null: no limit.';
comment on column sluice.usage_limit.cost_per_month is 'The same in a month of UTC; null: no limit.';
comment on column sluice.usage_limit.created_at is 'When the row was made.';

create table sluice.usage_counter (
  subject_id uuid            not null,
  period     text            not null,
  starts_at  timestamptz     not null,
  slot       smallint        not null,
  requests   bigint          not null default 0,
  tokens     bigint          not null default 0,
  cost       numeric(24, 12) not null default 0,

  constraint usage_counter_pkey primary key (subject_id, period, starts_at, slot),
  constraint usage_counter_period_check check (period in ('minute', 'day', 'month')),
  constraint usage_counter_slot_check check (slot between 0 and 15)
)
-- The same few rows again and again.
with (
  fillfactor = 50,
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 200
);

create index usage_counter_starts_at_idx on sluice.usage_counter (starts_at);

comment on table sluice.usage_counter is
  'What was used of limits, by identity, surface or virtual model that has one, or whose role has one. The program deletes '
  'what is over.';
comment on column sluice.usage_counter.subject_id is 'The identity, surface or virtual model.';
comment on column sluice.usage_counter.period is 'minute, day or month.';
comment on column sluice.usage_counter.starts_at is 'When that began, in UTC.';
comment on column sluice.usage_counter.slot is
  'Part of the count: surfaces and virtual models have 16, so that starts need not wait for one another.';
comment on column sluice.usage_counter.requests is 'Starts; counted by minute.';
comment on column sluice.usage_counter.tokens is 'Tokens of turns that have ended; counted by day and month.';
comment on column sluice.usage_counter.cost is 'What they cost; counted by day and month.';

create table sluice.usage_hold (
  turn_id    uuid            not null,
  subject_id uuid            not null,
  tokens     bigint,
  cost       numeric(24, 12),

  constraint usage_hold_pkey primary key (subject_id, turn_id),
  constraint usage_hold_amounts_check check (tokens >= 0 and cost >= 0)
)
-- A row or a few for each start that is limited, gone with its turn.
with (
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 200
);

create index usage_hold_turn_id_idx on sluice.usage_hold (turn_id);

comment on table sluice.usage_hold is
  'What turns that stream now have reserved of limits: given back at their end, when what they really used is counted.';
comment on column sluice.usage_hold.turn_id is 'The turn.';
comment on column sluice.usage_hold.subject_id is 'The identity, surface or virtual model whose limit it is.';
comment on column sluice.usage_hold.tokens is 'Tokens that it may use without asking again; null: any number.';
comment on column sluice.usage_hold.cost is 'What they cost at most; null: no limit of its turn is of money, or no price is known.';

create function sluice.price_at(driver text, provider_model text, moment timestamptz)
returns setof sluice.price
language sql
stable
parallel safe
begin atomic
  select price.*
  from sluice.price
  where price.driver = price_at.driver
    and price.provider_model = price_at.provider_model
    and price.valid_from <= price_at.moment
  order by price.valid_from desc
  limit 1;
end;

comment on function sluice.price_at (text, text, timestamptz) is
  'The price of a provider''s model that holds at a moment; no row: none does.';

create function sluice.usage_left(identity uuid, surface uuid, model uuid, turn uuid)
returns table (
  subject text, subject_id uuid, slots integer, rule text, most numeric, used numeric, held numeric,
  resets_at timestamptz
)
language sql
stable
parallel safe
begin atomic
  select
    limits.subject, limits.subject_id, limits.slots, item.rule, item.most, item.used + item.held, item.held,
    item.resets_at
  from (
    select
      case
        when one.identity_id is not null then 'identity'
        when one.surface_id is not null then 'surface'
        when one.role_id is not null then 'role'
        else 'model'
      end as subject,
      coalesce(one.surface_id, one.model_id, usage_left.identity) as subject_id,
      case when one.surface_id is null and one.model_id is null then 1 else 16 end as slots,
      one.*
    from (
      select rule.* from sluice.usage_limit as rule where rule.identity_id = usage_left.identity
      union all
      select rule.* from sluice.usage_limit as rule where rule.surface_id = usage_left.surface
      union all
      select rule.* from sluice.usage_limit as rule where rule.model_id = usage_left.model
      union all
      select rule.*
      from sluice.roles_of(usage_left.identity, usage_left.surface) as mine (id)
      inner join sluice.usage_limit as rule on rule.role_id = mine.id
    ) as one
  ) as limits (subject, subject_id, slots)
  cross join lateral (
    select
      coalesce(sum(counter.requests) filter (where counter.period = 'minute'), 0) as requests,
      coalesce(sum(counter.tokens) filter (where counter.period = 'day'), 0) as tokens_of_day,
      coalesce(sum(counter.tokens) filter (where counter.period = 'month'), 0) as tokens_of_month,
      coalesce(sum(counter.cost) filter (where counter.period = 'day'), 0) as cost_of_day,
      coalesce(sum(counter.cost) filter (where counter.period = 'month'), 0) as cost_of_month
    from sluice.usage_counter as counter
    where counter.subject_id = limits.subject_id
      and (counter.period, counter.starts_at) in (
        ('minute', date_trunc('minute', now(), 'UTC')),
        ('day', date_trunc('day', now(), 'UTC')),
        ('month', date_trunc('month', now(), 'UTC'))
      )
  ) as spent
  cross join lateral (
    select
      count(*) as turns,
      coalesce(sum(hold.tokens), 0) as tokens,
      coalesce(sum(hold.cost), 0) as cost
    from sluice.usage_hold as hold
    where hold.subject_id = limits.subject_id
      and hold.turn_id <> usage_left.turn
  ) as held
  cross join lateral (
    values
      (
        'requests_per_minute', limits.requests_per_minute::numeric, spent.requests, 0,
        date_trunc('minute', now(), 'UTC') + interval '1 minute'
      ),
      ('concurrent_turns', limits.concurrent_turns, 0, held.turns, now()),
      (
        'tokens_per_day', limits.tokens_per_day, spent.tokens_of_day, held.tokens,
        date_trunc('day', now(), 'UTC') + interval '1 day'
      ),
      (
        'tokens_per_month', limits.tokens_per_month, spent.tokens_of_month, held.tokens,
        date_trunc('month', now(), 'UTC') + interval '1 month'
      ),
      (
        'cost_per_day', limits.cost_per_day, spent.cost_of_day, held.cost,
        date_trunc('day', now(), 'UTC') + interval '1 day'
      ),
      (
        'cost_per_month', limits.cost_per_month, spent.cost_of_month, held.cost,
        date_trunc('month', now(), 'UTC') + interval '1 month'
      )
  ) as item (rule, most, used, held, resets_at)
  where item.most is not null;
end;

comment on function sluice.usage_left (uuid, uuid, uuid, uuid) is
  'The limits that a start of an identity by a surface with a virtual model meets, a row for each rule that is set: how '
  'much is allowed, how much is used or reserved, the given turn aside, and what of that is reserved only. Several starts at one moment do not see one '
  'another: limits may be passed by as many as are written at once.';

create function sluice.turn_account()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  with ended as materialized (
    select turn.*
    from latter as turn
    inner join former on former.id = turn.id
    where former.state = 'streaming'
      and turn.state <> 'streaming'
  ),
  entered as (
    insert into sluice.usage_ledger (
      turn_id, identity_id, surface_id, team, project, model_name, driver, provider_model, state, error_code, estimated,
      input_tokens, output_tokens, cached_tokens, reasoning_tokens, price_id, cost, first_text_ms, started_at, ended_at
    )
    select
      ended.id, ended.identity_id, ended.surface_id, coalesce(identity.team, surface.team),
      coalesce(identity.project, surface.project), ended.model_name, route.driver, route.provider_model, ended.state,
      ended.error ->> 'code',
      -- A node of the former release does not mark what it could not know.
      coalesce(
        (ended.usage ->> 'estimated')::boolean,
        case
          when ended.usage is not null then ended.state <> 'done'
          when ended.upstream is null then ended.state = 'interrupted'
          else ended.upstream ->> 'first_text_ms' is not null
        end
      ),
      said.input, said.output, least(said.cached, said.input), least(said.reasoning, said.output), price.id,
      (
        (said.input - least(said.cached, said.input)) * price.input
        + least(said.cached, said.input) * coalesce(price.cached, price.input)
        + (said.output - least(said.reasoning, said.output)) * price.output
        + least(said.reasoning, said.output) * coalesce(price.reasoning, price.output)
      ) / 1000000,
      (ended.upstream ->> 'first_text_ms')::integer, ended.created_at, ended.ended_at
    from ended
    cross join lateral (
      select
        coalesce((ended.usage ->> 'input_tokens')::bigint, 0) as input,
        coalesce((ended.usage ->> 'output_tokens')::bigint, 0) as output,
        coalesce((ended.usage ->> 'cached_tokens')::bigint, 0) as cached,
        coalesce((ended.usage ->> 'reasoning_tokens')::bigint, 0) as reasoning
    ) as said
    left join sluice.identity on identity.id = ended.identity_id
    left join sluice.surface on surface.id = ended.surface_id
    left join lateral (
      -- A turn whose node died has not said which route it took: the one that is taken most.
      select one.driver, one.provider_model
      from sluice.model_route as one
      inner join sluice.virtual_model as model on model.id = one.model_id
      where case
        when ended.route_id is not null then one.id = ended.route_id
        else ended.usage is not null and model.name = ended.model_name and one.enabled
      end
      order by one.priority, one.weight desc, one.id
      limit 1
    ) as route on true
    left join lateral sluice.price_at(route.driver, route.provider_model, ended.created_at) as price on true
    on conflict do nothing
    returning turn_id, identity_id, input_tokens + output_tokens as tokens, coalesce(cost, 0) as cost
  ),
  settled as (
    delete from sluice.usage_hold as hold
    using entered
    where hold.turn_id = entered.turn_id
    returning hold.subject_id, hold.subject_id = entered.identity_id as is_one, entered.tokens, entered.cost
  )
  insert into sluice.usage_counter as counter (subject_id, period, starts_at, slot, tokens, cost)
  select
    settled.subject_id, spell.period, date_trunc(spell.period, now(), 'UTC'),
    case when bool_or(settled.is_one) then 0 else floor(random() * 16) end, sum(settled.tokens), sum(settled.cost)
  from settled
  cross join (values ('day'), ('month')) as spell (period)
  group by settled.subject_id, spell.period
  -- Everybody in the same order, so that nobody waits for somebody who waits for him.
  order by settled.subject_id, spell.period
  on conflict (subject_id, period, starts_at, slot) do update
  set tokens = counter.tokens + excluded.tokens, cost = counter.cost + excluded.cost;
  return null;
end
$$;

comment on function sluice.turn_account () is
  'Trigger: enters turns that end into the ledger and settles what they had reserved.';

create trigger turn_account
after update on sluice.turn
referencing old table as former new table as latter
for each statement
execute function sluice.turn_account();

create function sluice.usage_limit_begin()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  -- Turns that end meanwhile wait, so that each is counted once.
  lock table sluice.usage_counter in share row exclusive mode;
  with counted as (
    select
      coalesce(new.surface_id, new.model_id, ledger.identity_id) as subject_id, spell.period,
      sum(ledger.input_tokens + ledger.output_tokens) as tokens, coalesce(sum(ledger.cost), 0) as cost
    from (values ('day'), ('month')) as spell (period)
    inner join sluice.usage_ledger as ledger on ledger.ended_at >= date_trunc(spell.period, now(), 'UTC')
    where case
      when new.identity_id is not null then ledger.identity_id = new.identity_id
      when new.surface_id is not null then ledger.surface_id = new.surface_id
      when new.model_id is not null
        then ledger.model_name = (select name from sluice.virtual_model where id = new.model_id)
      else new.role_id in (select mine.id from sluice.roles_of(ledger.identity_id, ledger.surface_id) as mine (id))
    end
    group by 1, 2
  ),
  former as (
    delete from sluice.usage_counter as counter
    using counted
    where counter.subject_id = counted.subject_id
      and counter.period = counted.period
      and counter.starts_at = date_trunc(counted.period, now(), 'UTC')
      and counter.slot <> 0
  )
  insert into sluice.usage_counter as counter (subject_id, period, starts_at, slot, tokens, cost)
  select subject_id, period, date_trunc(period, now(), 'UTC'), 0, tokens, cost
  from counted
  on conflict (subject_id, period, starts_at, slot) do update
  set tokens = excluded.tokens, cost = excluded.cost;
  return null;
end
$$;

comment on function sluice.usage_limit_begin () is
  'Trigger: counts what the ledger knows of the day and the month for a limit that is set, as nobody has counted before.';

create trigger usage_limit_begin
after insert or update on sluice.usage_limit
for each row
execute function sluice.usage_limit_begin();

create view sluice.cost_by_day as
select
  (date_trunc('day', ledger.ended_at, 'UTC') at time zone 'UTC')::date as day,
  ledger.model_name as model,
  ledger.driver,
  ledger.provider_model,
  surface.name as surface,
  ledger.team,
  ledger.project,
  count(*) as turns,
  count(*) filter (where ledger.estimated) as estimated_turns,
  sum(ledger.input_tokens)::bigint as input_tokens,
  sum(ledger.output_tokens)::bigint as output_tokens,
  sum(ledger.cached_tokens)::bigint as cached_tokens,
  sum(ledger.reasoning_tokens)::bigint as reasoning_tokens,
  sum(ledger.cost) as cost,
  count(*) filter (where ledger.cost is null) as turns_without_price
from sluice.usage_ledger as ledger
left join sluice.surface on surface.id = ledger.surface_id
group by 1, 2, 3, 4, 5, 6, 7;

comment on view sluice.cost_by_day is 'What was used and what it cost, by day of UTC, virtual model, surface, team and project.';
comment on column sluice.cost_by_day.day is 'The day, of UTC, on which the turns ended.';
comment on column sluice.cost_by_day.model is 'Name of the virtual model.';
comment on column sluice.cost_by_day.driver is 'Driver of the route; null: none was asked.';
comment on column sluice.cost_by_day.provider_model is 'The model as the provider calls it; null: none was asked.';
comment on column sluice.cost_by_day.surface is 'Name of the surface; null: it is gone.';
comment on column sluice.cost_by_day.team is 'The team; null: none was known.';
comment on column sluice.cost_by_day.project is 'The project; null: none was known.';
comment on column sluice.cost_by_day.turns is 'Turns that ended.';
comment on column sluice.cost_by_day.estimated_turns is 'Of these, those whose provider did not say what it counted.';
comment on column sluice.cost_by_day.input_tokens is 'Input tokens, cached ones included.';
comment on column sluice.cost_by_day.output_tokens is 'Output tokens, those of reasoning included.';
comment on column sluice.cost_by_day.cached_tokens is 'Of the input, what was read from a cache.';
comment on column sluice.cost_by_day.reasoning_tokens is 'Of the output, what was spent on reasoning.';
comment on column sluice.cost_by_day.cost is 'What they cost; null: none of them had a price.';
comment on column sluice.cost_by_day.turns_without_price is 'Turns that no price held for: their cost is missing.';

create view sluice.top_identity as
select
  ledger.identity_id,
  identity.kind,
  min(ledger.team) as team,
  count(*) as turns,
  sum(ledger.input_tokens + ledger.output_tokens)::bigint as tokens,
  sum(ledger.cost) as cost,
  max(ledger.ended_at) as last_turn_at
from sluice.usage_ledger as ledger
left join sluice.identity on identity.id = ledger.identity_id
where ledger.ended_at > now() - interval '30 days'
group by ledger.identity_id, identity.kind
order by sum(ledger.cost) desc nulls last, sum(ledger.input_tokens + ledger.output_tokens) desc;

comment on view sluice.top_identity is 'Who used most in the last 30 days, the dearest first; no names.';
comment on column sluice.top_identity.identity_id is 'The identity.';
comment on column sluice.top_identity.kind is 'anonymous, person or service; null: it is gone.';
comment on column sluice.top_identity.team is 'Its team, the first of several; null: none was known.';
comment on column sluice.top_identity.turns is 'Turns that ended.';
comment on column sluice.top_identity.tokens is 'Input and output tokens.';
comment on column sluice.top_identity.cost is 'What they cost; null: none of them had a price.';
comment on column sluice.top_identity.last_turn_at is 'When the last one ended.';

create view sluice.first_text_by_day as
select
  (date_trunc('day', ledger.ended_at, 'UTC') at time zone 'UTC')::date as day,
  ledger.model_name as model,
  ledger.driver,
  ledger.provider_model,
  count(*) as turns,
  percentile_disc(0.5) within group (order by ledger.first_text_ms) as p50_ms,
  percentile_disc(0.95) within group (order by ledger.first_text_ms) as p95_ms,
  percentile_disc(0.99) within group (order by ledger.first_text_ms) as p99_ms
from sluice.usage_ledger as ledger
where ledger.first_text_ms is not null
group by 1, 2, 3, 4;

comment on view sluice.first_text_by_day is 'How long turns took to their first text, by day of UTC and virtual model.';
comment on column sluice.first_text_by_day.day is 'The day, of UTC, on which the turns ended.';
comment on column sluice.first_text_by_day.model is 'Name of the virtual model.';
comment on column sluice.first_text_by_day.driver is 'Driver of the route.';
comment on column sluice.first_text_by_day.provider_model is 'The model as the provider calls it.';
comment on column sluice.first_text_by_day.turns is 'Turns that had text.';
comment on column sluice.first_text_by_day.p50_ms is 'Half of them took no longer, in milliseconds.';
comment on column sluice.first_text_by_day.p95_ms is '95 of 100 took no longer, in milliseconds.';
comment on column sluice.first_text_by_day.p99_ms is '99 of 100 took no longer, in milliseconds.';

create view sluice.error_by_day as
select
  (date_trunc('day', ledger.ended_at, 'UTC') at time zone 'UTC')::date as day,
  ledger.model_name as model,
  ledger.driver,
  ledger.provider_model,
  count(*) as turns,
  count(*) filter (where ledger.state = 'error') as errors,
  count(*) filter (where ledger.state = 'cancelled') as cancelled,
  count(*) filter (where ledger.state = 'interrupted') as interrupted,
  round(count(*) filter (where ledger.state = 'error')::numeric / count(*), 4) as error_rate,
  mode() within group (order by ledger.error_code) filter (where ledger.error_code is not null) as commonest_error
from sluice.usage_ledger as ledger
group by 1, 2, 3, 4;

comment on view sluice.error_by_day is 'How turns ended, by day of UTC and virtual model.';
comment on column sluice.error_by_day.day is 'The day, of UTC, on which the turns ended.';
comment on column sluice.error_by_day.model is 'Name of the virtual model.';
comment on column sluice.error_by_day.driver is 'Driver of the route; null: none was asked.';
comment on column sluice.error_by_day.provider_model is 'The model as the provider calls it; null: none was asked.';
comment on column sluice.error_by_day.turns is 'Turns that ended.';
comment on column sluice.error_by_day.errors is 'Of these, in error.';
comment on column sluice.error_by_day.cancelled is 'Of these, cancelled.';
comment on column sluice.error_by_day.interrupted is 'Of these, interrupted.';
comment on column sluice.error_by_day.error_rate is 'Part of them that ended in error, from 0 to 1.';
comment on column sluice.error_by_day.commonest_error is 'Code of the commonest error; null: there was none.';

revoke all
on function sluice.price_at (text, text, timestamptz), sluice.usage_left (uuid, uuid, uuid, uuid),
  sluice.turn_account (), sluice.usage_limit_begin ()
from public;
grant execute
on function sluice.price_at (text, text, timestamptz), sluice.usage_left (uuid, uuid, uuid, uuid)
to sluice_app, sluice_admin;

grant select on sluice.price, sluice.usage_limit to sluice_app;
grant select, insert, update, delete on sluice.usage_counter, sluice.usage_hold to sluice_app;
grant select, insert, update, delete on sluice.price, sluice.usage_limit to sluice_admin;
grant select on sluice.usage_ledger, sluice.usage_counter, sluice.usage_hold to sluice_admin;
grant select on sluice.usage_ledger, sluice.price to sluice_report;
grant select
on sluice.cost_by_day, sluice.top_identity, sluice.first_text_by_day, sluice.error_by_day
to sluice_admin, sluice_report;

insert into sluice.schema_change (name)
values ('usage');

commit;
