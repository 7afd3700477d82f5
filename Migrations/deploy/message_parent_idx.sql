-- Deploy sluice:message_parent_idx to pg
-- requires: conversation
--
-- Who deletes a message asks by message_parent_id_fkey whether another follows it: without this index each message of a
-- conversation would be compared with all the others.
--
-- The table may be large and is written by every turn, so there is no transaction here: `concurrently` neither stops
-- writers nor is stopped by them; it waits, as long as it takes, for the transactions that were open when it began. An
-- attempt that broke off leaves an invalid index, which the next one drops. A DBA who prefers to choose the hour may
-- create the index beforehand by the same statement: if it is valid, it is kept.

set role sluice_owner;
set lock_timeout = 0;

select 'drop index concurrently sluice.message_conversation_id_parent_id_idx'
from pg_index
where indexrelid = to_regclass('sluice.message_conversation_id_parent_id_idx')
  and not indisvalid
\gexec

create index concurrently if not exists message_conversation_id_parent_id_idx
on sluice.message (conversation_id, parent_id);

insert into sluice.schema_change (name)
values ('message_parent_idx')
on conflict (name) do nothing;
