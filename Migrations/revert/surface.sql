-- Revert sluice:surface from pg

begin;

set local role sluice_owner;

drop table sluice.surface;

delete from sluice.schema_change
where name = 'surface';

commit;
