-- Verify sluice:usage on pg

begin;

set local role sluice_owner;
set local plpgsql.check_asserts = on;

select
  price.reasoning, ledger.cost, rule.cost_per_month, counter.slot, hold.cost, cost_by_day.cost, top_identity.cost,
  first_text_by_day.p99_ms, error_by_day.error_rate
from sluice.price
cross join sluice.usage_ledger as ledger
cross join sluice.usage_limit as rule
cross join sluice.usage_counter as counter
cross join sluice.usage_hold as hold
cross join sluice.cost_by_day
cross join sluice.top_identity
cross join sluice.first_text_by_day
cross join sluice.error_by_day
where false;

do $$
begin
  assert to_regprocedure('sluice.price_at(text, text, timestamptz)') is not null, 'price_at';
  assert to_regprocedure('sluice.usage_left(uuid, uuid, uuid, uuid)') is not null, 'usage_left';
  assert exists (
    select from pg_trigger where tgrelid = 'sluice.turn'::regclass and tgname = 'turn_account'
  ), 'turn_account';
  assert exists (
    select from pg_trigger where tgrelid = 'sluice.usage_limit'::regclass and tgname = 'usage_limit_begin'
  ), 'usage_limit_begin';
  assert exists (select from sluice.schema_change where name = 'usage'), 'recorded';
end
$$;

rollback;
