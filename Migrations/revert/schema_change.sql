-- Revert sluice:schema_change from pg

begin;

set local role sluice_owner;

drop table sluice.schema_change;

-- Without cascade: whatever somebody else put here stops the revert.
drop schema sluice;

commit;
