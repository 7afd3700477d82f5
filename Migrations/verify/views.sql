-- Verify sluice:views on pg

begin;

set local role sluice_owner;
set local plpgsql.check_asserts = on;

select
  turn_id, conversation_id, identity_id, display_name, surface, model, owner, host, tag, lease, epoch, created_at, age,
  cancel_requested_at
from sluice.live_turn
where false;

select turn_id, slot, epoch, seq, ordinal, event, final
from sluice.turn_event
where false;

select incarnation, tag, host, version, state, started_at, lease_until, voided_at, live_turns
from sluice.node_status
where false;

select
  turn_id, identity_id, surface, model, state, finish_reason, error_code, usage, created_at, ended_at, duration,
  cancel_requested_at, epoch, chunks
from sluice.turn_report
where false;

do $$
begin
  assert exists (select from sluice.schema_change where name = 'views'), 'recorded';
  assert has_table_privilege('sluice_report', 'sluice.node_status', 'select'), 'reports read nodes';
  assert has_table_privilege('sluice_report', 'sluice.turn_report', 'select'), 'reports read turns';
  assert not has_table_privilege('sluice_report', 'sluice.live_turn', 'select'), 'reports read no names';
  assert not has_table_privilege('sluice_report', 'sluice.turn_event', 'select'), 'reports read no content';
end
$$;

rollback;
