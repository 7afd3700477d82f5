-- Revert sluice:identity from pg

begin;

set local role sluice_owner;

drop table sluice.surface_key;
drop table sluice.identity_link;
drop table sluice.identity;

delete from sluice.schema_change
where name = 'identity';

commit;
