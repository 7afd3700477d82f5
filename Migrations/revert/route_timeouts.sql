-- Revert sluice:route_timeouts from pg

begin;

set local role sluice_owner;
set local lock_timeout = '2s';

update sluice.model_route
set first_byte_timeout_ms = coalesce(first_token_timeout_ms, 60000)
where first_byte_timeout_ms is null;

alter table sluice.model_route
  alter column first_byte_timeout_ms set default 60000,
  alter column first_byte_timeout_ms set not null,
  drop column first_token_timeout_ms,
  drop column total_timeout_ms;

comment on column sluice.model_route.first_byte_timeout_ms is
  'Longest wait from the request to the first data of the reply, in milliseconds.';

delete from sluice.schema_change
where name = 'route_timeouts';

commit;
