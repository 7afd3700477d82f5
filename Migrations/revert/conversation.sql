-- Revert sluice:conversation from pg

begin;

set local role sluice_owner;

drop table sluice.message;
drop table sluice.conversation;

delete from sluice.schema_change
where name = 'conversation';

commit;
