-- Deploy sluice:conversation_surface_idx to pg
-- requires: privacy
--
-- The conversations of a surface that are older than it keeps them are found, the oldest first; how many there are does
-- not count.
--
-- The table may be large and is written by every start, so there is no transaction here: `concurrently` neither stops
-- writers nor is stopped by them; it waits, as long as it takes, for the transactions that were open when it began. An
-- attempt that broke off leaves an invalid index, which the next one drops. A DBA who prefers to choose the hour may
-- create the index beforehand by the same statement: if it is valid, it is kept.

set role sluice_owner;
set lock_timeout = 0;

select 'drop index concurrently sluice.conversation_surface_id_updated_at_idx'
from pg_index
where indexrelid = to_regclass('sluice.conversation_surface_id_updated_at_idx')
  and not indisvalid
\gexec

create index concurrently if not exists conversation_surface_id_updated_at_idx
on sluice.conversation (surface_id, updated_at);

insert into sluice.schema_change (name)
values ('conversation_surface_idx')
on conflict (name) do nothing;
