-- Revert sluice:history_token_limit from pg

begin;

set local role sluice_owner;
set local lock_timeout = '2s';

alter table sluice.virtual_model
  drop column history_token_limit;

delete from sluice.schema_change
where name = 'history_token_limit';

commit;
