-- Deploy sluice:history_token_limit to pg
-- requires: model

begin;

set local role sluice_owner;
-- Every start reads the table: rather fail, to be run again, than make starts wait behind us.
set local lock_timeout = '2s';

alter table sluice.virtual_model
  add column history_token_limit integer,
  add constraint virtual_model_history_token_limit_check check (history_token_limit > 0);

comment on column sluice.virtual_model.history_token_limit is
  'Estimated tokens of the conversation sent to the provider at most, system_prompt aside: a quarter of a message''s '
  'bytes in UTF-8, 1000 for an image; null: no limit.';

insert into sluice.schema_change (name)
values ('history_token_limit');

commit;
