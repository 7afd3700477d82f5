-- Deploy sluice:conversation_delete to pg
-- requires: conversation
-- requires: turn_delta
-- requires: message_parent_idx

begin;

set local role sluice_owner;

-- Messages go with their conversation, by the foreign key: the program needs no right to delete one.
grant delete on sluice.conversation, sluice.turn_delta to sluice_app;

insert into sluice.schema_change (name)
values ('conversation_delete');

commit;
