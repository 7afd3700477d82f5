-- Deploy sluice:identity_merged_idx to pg
-- requires: access
--
-- Nodes have in memory which identity has become which, and look for new ones by when it was.
--
-- The table may be large and is read by every start, so there is no transaction here: `concurrently` neither stops
-- writers nor is stopped by them; it waits, as long as it takes, for the transactions that were open when it began. An
-- attempt that broke off leaves an invalid index, which the next one drops.

set role sluice_owner;
set lock_timeout = 0;

select 'drop index concurrently sluice.identity_merged_at_idx'
from pg_index
where indexrelid = to_regclass('sluice.identity_merged_at_idx')
  and not indisvalid
\gexec

create index concurrently if not exists identity_merged_at_idx
on sluice.identity (merged_at)
where merged_at is not null;

insert into sluice.schema_change (name)
values ('identity_merged_idx')
on conflict (name) do nothing;
