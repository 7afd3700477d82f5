-- Deploy sluice:route_timeouts to pg
-- requires: model

begin;

set local role sluice_owner;
-- Every start reads the table: rather fail, to be run again, than make starts wait behind us.
set local lock_timeout = '2s';

alter table sluice.model_route
  alter column first_byte_timeout_ms drop not null,
  alter column first_byte_timeout_ms drop default,
  add column first_token_timeout_ms integer,
  add column total_timeout_ms       integer,
  add constraint model_route_first_token_timeout_ms_check check (first_token_timeout_ms > 0),
  add constraint model_route_total_timeout_ms_check check (total_timeout_ms > 0);

-- What was the default is it again: as long as the other one, which may be raised alone.
update sluice.model_route
set first_byte_timeout_ms = null
where first_byte_timeout_ms = 60000;

comment on column sluice.model_route.first_byte_timeout_ms is
  'Longest wait from the request to the status line of the reply, in milliseconds; null: as long as '
  'first_token_timeout_ms, or 60000 if that is null too.';
comment on column sluice.model_route.first_token_timeout_ms is
  'Longest wait from the request to the first data of the answer, in milliseconds; keep-alives do not count. Null: as '
  'long as first_byte_timeout_ms, or 60000 if that is null too.';
comment on column sluice.model_route.total_timeout_ms is
  'Longest life of a whole request, in milliseconds; null: no limit.';

insert into sluice.schema_change (name)
values ('route_timeouts');

commit;
