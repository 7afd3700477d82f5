-- Verify sluice:delivery on pg

begin;

set local role sluice_owner;
set local plpgsql.check_asserts = on;

select
  model.chunk_bytes, model.chunk_delay_ms, model.abandon_after_ms, surface.chunking, surface.chunk_bytes,
  surface.chunk_delay_ms, turn.request, turn.restarts, turn.abandon_after_ms, turn.read_at
from sluice.virtual_model as model
cross join sluice.surface as surface
cross join sluice.turn as turn
where false;

do $$
begin
  assert exists (select from sluice.schema_change where name = 'delivery'), 'recorded';
end
$$;

rollback;
