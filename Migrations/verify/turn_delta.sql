-- Verify sluice:turn_delta on pg

begin;

set local role sluice_owner;
set local plpgsql.check_asserts = on;

select turn_id, epoch, seq, slot, events, final
from sluice.turn_delta
where false;

do $$
begin
  assert exists (select from sluice.schema_change where name = 'turn_delta'), 'recorded';
  assert (
    select array_agg(pg_get_expr(leaf.relpartbound, leaf.oid) order by leaf.relname)
    from pg_inherits join pg_class as leaf on leaf.oid = inhrelid
    where inhparent = 'sluice.turn_delta'::regclass
  ) = (
    select array_agg(format('FOR VALUES IN (''%s'')', slot) order by slot)
    from generate_series(0, 7) as slot
  ), 'a leaf per slot';
  assert sluice.uuid_time('019b0000-0000-7000-8000-000000000000') = to_timestamp(x'019b00000000'::bigint / 1000.0),
    'the time of an id is read';
  assert has_table_privilege('sluice_app', 'sluice.turn_delta', 'insert'), 'the program writes chunks';
  assert not has_table_privilege('sluice_app', 'sluice.turn_delta', 'truncate'), 'the program truncates leaves only';
  assert (
    select bool_and(has_table_privilege('sluice_app', 'sluice.turn_delta_' || slot, 'truncate'))
    from generate_series(0, 7) as slot
  ), 'the program truncates leaves';
  assert has_function_privilege('sluice_app', 'sluice.turn_delta_recycle()', 'execute'), 'the program recycles';
end
$$;

rollback;
