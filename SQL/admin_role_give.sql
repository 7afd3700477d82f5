-- Called by `sluice role give`: the identity has the role from now on. No row: there is no such identity.
-- $1 role, $2 identity
with who as (
  select id, merged_into, erased_at
  from sluice.identity
  where id = $2::uuid
),
given as (
  insert into sluice.identity_role (identity_id, role_id)
  select id, $1::uuid
  from who
  where merged_into is null
    and erased_at is null
  on conflict do nothing
  returning identity_id
)
select (select count(*) from given) as given, merged_into, erased_at is not null as is_erased
from who
