-- Revert sluice:conversation_surface_idx from pg
--
-- Without a transaction, as it was deployed.

set role sluice_owner;
set lock_timeout = 0;

drop index concurrently if exists sluice.conversation_surface_id_updated_at_idx;

delete from sluice.schema_change
where name = 'conversation_surface_idx';
