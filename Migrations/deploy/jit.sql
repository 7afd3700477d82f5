-- Deploy sluice:jit to pg
-- requires: roles
-- requires: schema_change
--
-- To plan around sequential scans makes the few that remain, of small tables without a fitting index, look immensely
-- dear, and what is dear is compiled: a hundred milliseconds of CPU for a table of three rows, each second, on each node.

begin;

do $$
begin
  if not exists (
    select
    from pg_roles, unnest(rolconfig) as configured
    where rolname = 'sluice_app'
      and configured like 'jit=%'
  ) then
    alter role sluice_app set jit = off;
  end if;
end
$$;

set local role sluice_owner;

insert into sluice.schema_change (name)
values ('jit');

commit;
