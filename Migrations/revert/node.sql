-- Revert sluice:node from pg

begin;

set local role sluice_owner;

drop table sluice.node;

delete from sluice.schema_change
where name = 'node';

commit;
