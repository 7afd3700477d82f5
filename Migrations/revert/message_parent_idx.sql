-- Revert sluice:message_parent_idx from pg
--
-- Without a transaction, as it was deployed.

set role sluice_owner;
set lock_timeout = 0;

drop index concurrently if exists sluice.message_conversation_id_parent_id_idx;

delete from sluice.schema_change
where name = 'message_parent_idx';
