-- Called by every node once an hour, until fewer than the limit come back: counts of minutes, days and months that are
-- over. A clock that lags an hour behind still finds its own.
-- $1 most counts at once
with old as (
  select subject_id, period, starts_at, slot
  from sluice.usage_counter
  where starts_at < now() - interval '2 hours'
    and starts_at + case period
      when 'minute' then interval '1 minute'
      when 'day' then interval '1 day'
      else interval '1 month'
    end < now() - interval '1 hour'
  order by starts_at
  limit $1::int
  for update skip locked
)
delete from sluice.usage_counter
using old
where usage_counter.subject_id = old.subject_id
  and usage_counter.period = old.period
  and usage_counter.starts_at = old.starts_at
  and usage_counter.slot = old.slot
