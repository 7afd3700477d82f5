-- Revert sluice:usage from pg
-- The ledger goes with it: whoever needs it copies it before.

begin;

set local role sluice_owner;
set local lock_timeout = '2s';

drop trigger turn_account on sluice.turn;
drop view sluice.cost_by_day, sluice.top_identity, sluice.first_text_by_day, sluice.error_by_day;
drop function sluice.turn_account ();
drop function sluice.usage_left (uuid, uuid, uuid, uuid);
drop function sluice.price_at (text, text, timestamptz);
drop table sluice.usage_hold;
drop table sluice.usage_counter;
drop table sluice.usage_limit;
drop function sluice.usage_limit_begin ();
drop table sluice.usage_ledger;
drop table sluice.price;

delete from sluice.schema_change
where name = 'usage';

commit;
