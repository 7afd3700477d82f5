-- Revert sluice:conversation_delete from pg

begin;

set local role sluice_owner;

revoke delete on sluice.conversation, sluice.turn_delta from sluice_app;

delete from sluice.schema_change
where name = 'conversation_delete';

commit;
