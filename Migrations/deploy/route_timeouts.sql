-- Deploy sluice:route_timeouts to pg
-- requires: model

begin;

set local role sluice_owner;
-- Every start reads the table: rather fail, to be run again, than make starts wait behind us.
set local lock_timeout = '2s';

alter table sluice.model_route
  add column first_token_timeout_ms integer not null default 60000,
  add column total_timeout_ms       integer,
  add constraint model_route_first_token_timeout_ms_check check (first_token_timeout_ms > 0),
  add constraint model_route_total_timeout_ms_check check (total_timeout_ms > 0);

comment on column sluice.model_route.first_byte_timeout_ms is
  'Longest wait from the request to the status line of the reply, in milliseconds.';
comment on column sluice.model_route.first_token_timeout_ms is
  'Longest wait from the request to the first data of the answer, in milliseconds; keep-alives do not count.';
comment on column sluice.model_route.total_timeout_ms is
  'Longest life of a whole request, in milliseconds; null: no limit.';

insert into sluice.schema_change (name)
values ('route_timeouts');

commit;
