-- Called by `sluice check`, once: rights that nobody should have, a row each, and what takes them back. Asks the
-- catalogue about the roles of the schema and about everybody; who was given content by name has a reason.
with content (relation) as (
  select unnest(array['conversation', 'message', 'turn', 'turn_delta', 'idempotency'])
),
guarded (oid, relation) as (
  select c.oid, c.relname::text
  from pg_class as c
  join pg_namespace as home on home.oid = c.relnamespace and home.nspname = 'sluice'
  where c.relname in (select relation from content)
    or c.relname ~ '^turn_delta_[0-7]$'
),
held (role, relation, privilege) as (
  select coalesce(role.rolname::text, 'public'), c.relname::text, lower(held.privilege_type)
  from pg_class as c
  join pg_namespace as home on home.oid = c.relnamespace and home.nspname = 'sluice'
  cross join lateral aclexplode(c.relacl) as held
  left join pg_roles as role on role.oid = held.grantee
  where c.relkind in ('r', 'p', 'v')
),
excess (role, relation, privilege) as (
  select role, relation, privilege
  from held
  where role = 'public'
    or role = 'sluice_report' and (
      privilege <> 'select'
      or relation in (select relation from content)
      or relation ~ '^turn_delta_[0-7]$'
      or relation in (
        'turn_event', 'live_turn', 'identity', 'identity_link', 'credential', 'surface_key', 'jwt_issuer', 'audit'
      )
    )
    or role = 'sluice_admin' and relation in ('message', 'turn_delta', 'turn_event', 'idempotency')
    or role in ('sluice_app', 'sluice_admin', 'sluice_privacy')
      and relation in ('audit', 'usage_ledger', 'schema_change')
      and privilege <> 'select'
)
select
  format('%s may %s on sluice.%s', case role when 'public' then 'everybody' else role end, privilege, relation),
  format('revoke %s on sluice.%I from %s;', privilege, relation, role)
from excess
union all
select
  format('sluice.%s shows its rows to whoever is granted it', guarded.relation),
  format('alter table sluice.%I enable row level security;', guarded.relation)
from guarded
join pg_class on pg_class.oid = guarded.oid
where not relrowsecurity
union all
select
  format('%s sees all rows, whatever the policies say', rolname),
  format('alter role %I nobypassrls nosuperuser;', rolname)
from pg_roles
where rolname in ('sluice_app', 'sluice_admin', 'sluice_privacy', 'sluice_report')
  and (rolbypassrls or rolsuper)
union all
select
  format('%s may become %s', member.rolname, role.rolname),
  format('revoke %I from %I;', role.rolname, member.rolname)
from pg_auth_members as joined
join pg_roles as role on role.oid = joined.roleid
join pg_roles as member on member.oid = joined.member
where (member.rolname, role.rolname) in (
  ('sluice_app', 'sluice_owner'), ('sluice_admin', 'sluice_owner'), ('sluice_privacy', 'sluice_owner'),
  ('sluice_report', 'sluice_owner'), ('sluice_report', 'sluice_admin'), ('sluice_report', 'sluice_app'),
  ('sluice_report', 'sluice_privacy'), ('sluice_admin', 'sluice_privacy'), ('sluice_admin', 'sluice_app'),
  ('sluice_app', 'sluice_admin'), ('sluice_app', 'sluice_privacy')
)
order by 1
