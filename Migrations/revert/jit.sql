-- Revert sluice:jit from pg
--
-- The role belongs to the whole cluster, where other databases may count on its settings: they stay.

begin;

set local role sluice_owner;

delete from sluice.schema_change
where name = 'jit';

commit;
