-- Revert sluice:turn from pg

begin;

set local role sluice_owner;

drop table sluice.idempotency;
drop table sluice.turn;

delete from sluice.schema_change
where name = 'turn';

commit;
