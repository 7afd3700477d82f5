-- Called by `sluice check`, once: the eight leaves of turn_delta. A turn's id begins with its time, so the first and the
-- last id of a leaf tell the days of all its rows, at the cost of two look-ups.
with today as materialized (
  select floor(extract(epoch from clock_timestamp()) / 86400)::bigint as day
),
attached as materialized (
  select child.relname, pg_get_expr(child.relpartbound, child.oid) as bound
  from pg_class as ring
  join pg_namespace as home on home.oid = ring.relnamespace and home.nspname = 'sluice'
  join pg_inherits on pg_inherits.inhparent = ring.oid
  join pg_class as child on child.oid = pg_inherits.inhrelid
  where ring.relname = 'turn_delta'
)
select
  series.slot,
  today.day as today,
  (select count(*) from attached) as leaves,
  exists (
    select from attached
    where relname = 'turn_delta_' || series.slot
      and bound = format('FOR VALUES IN (''%s'')', series.slot)
  ) as in_place,
  oldest.turn_id is not null as filled,
  floor(extract(epoch from sluice.uuid_time(oldest.turn_id)) / 86400)::bigint as first_day,
  floor(extract(epoch from sluice.uuid_time(newest.turn_id)) / 86400)::bigint as last_day,
  exists (
    select from sluice.turn
    where state = 'streaming'
      and floor(extract(epoch from sluice.uuid_time(id)) / 86400)::bigint % 8 = series.slot
  ) as live
from generate_series(0, 7) as series (slot)
cross join today
left join lateral (
  select turn_id from sluice.turn_delta where turn_delta.slot = series.slot order by turn_id limit 1
) as oldest on true
left join lateral (
  select turn_id from sluice.turn_delta where turn_delta.slot = series.slot order by turn_id desc limit 1
) as newest on true
order by series.slot
