-- Revert sluice:turn_delta from pg

begin;

set local role sluice_owner;

drop function sluice.turn_delta_recycle();
drop table sluice.turn_delta;
drop function sluice.uuid_time(uuid);

delete from sluice.schema_change
where name = 'turn_delta';

commit;
