-- Verify sluice:identity on pg

begin;

set local role sluice_owner;
set local plpgsql.check_asserts = on;

select id, kind, display_name, created_at
from sluice.identity
where false;

select surface_id, external_id, identity_id, created_at
from sluice.identity_link
where false;

select id, surface_id, identity_id, hash, label, created_at, expires_at, revoked_at
from sluice.surface_key
where false;

do $$
begin
  assert exists (select from sluice.schema_change where name = 'identity'), 'recorded';
  assert to_regclass('sluice.identity_link_identity_id_idx') is not null, 'links are found by identity';
  assert has_table_privilege('sluice_app', 'sluice.identity', 'insert'), 'the program makes identities';
  assert has_table_privilege('sluice_app', 'sluice.identity_link', 'insert'), 'the program links identities';
  assert has_table_privilege('sluice_app', 'sluice.surface_key', 'select'), 'the program reads keys';
  assert not has_table_privilege('sluice_app', 'sluice.surface_key', 'insert'), 'the program makes no keys';
end
$$;

rollback;
