-- Revert sluice:views from pg

begin;

set local role sluice_owner;

drop view sluice.turn_report;
drop view sluice.node_status;
drop view sluice.turn_event;
drop view sluice.live_turn;

delete from sluice.schema_change
where name = 'views';

commit;
