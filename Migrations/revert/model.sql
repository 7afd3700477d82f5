-- Revert sluice:model from pg

begin;

set local role sluice_owner;

drop table sluice.model_route;
drop table sluice.virtual_model;
drop function sluice.virtual_model_touch();
drop table sluice.credential;

delete from sluice.schema_change
where name = 'model';

commit;
