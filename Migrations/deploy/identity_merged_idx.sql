-- Deploy sluice:identity_merged_idx to pg
-- requires: access
--
-- Nodes have in memory which identity has become which, and look for new ones by when it was. A merge finds those that
-- had become the one that it takes away.
--
-- The table may be large and is read by every start, so there is no transaction here: `concurrently` neither stops
-- writers nor is stopped by them; it waits, as long as it takes, for the transactions that were open when it began. An
-- attempt that broke off leaves an invalid index, which the next one drops.

set role sluice_owner;
set lock_timeout = 0;

select format('drop index concurrently %s', indexrelid::regclass)
from pg_index
where indexrelid in (to_regclass('sluice.identity_merged_at_idx'), to_regclass('sluice.identity_merged_into_idx'))
  and not indisvalid
\gexec

create index concurrently if not exists identity_merged_at_idx
on sluice.identity (merged_at)
where merged_at is not null;

create index concurrently if not exists identity_merged_into_idx
on sluice.identity (merged_into)
where merged_into is not null;

insert into sluice.schema_change (name)
values ('identity_merged_idx')
on conflict (name) do nothing;
