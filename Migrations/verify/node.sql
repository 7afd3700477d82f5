-- Verify sluice:node on pg

begin;

set local role sluice_owner;
set local plpgsql.check_asserts = on;

select incarnation, tag, host, version, started_at, lease_until, renewed_at, contact_since, voided_at
from sluice.node
where false;

do $$
begin
  assert exists (select from sluice.schema_change where name = 'node'), 'recorded';
  assert to_regclass('sluice.node_live_idx') is not null, 'live nodes are indexed';
  assert has_table_privilege('sluice_app', 'sluice.node', 'update'), 'the program renews its lease';
end
$$;

rollback;
