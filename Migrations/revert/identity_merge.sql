-- Revert sluice:identity_merge from pg
-- Identities that were merged stay so.

begin;

set local role sluice_owner;
set local lock_timeout = '2s';

drop function sluice.identity_merge (uuid, uuid);

delete from sluice.schema_change
where name = 'identity_merge';

commit;
