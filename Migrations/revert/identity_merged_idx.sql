-- Revert sluice:identity_merged_idx from pg
--
-- Without a transaction, as it was deployed.

set role sluice_owner;
set lock_timeout = 0;

drop index concurrently if exists sluice.identity_merged_at_idx;
drop index concurrently if exists sluice.identity_merged_into_idx;

delete from sluice.schema_change
where name = 'identity_merged_idx';
