-- Called when a surface that is trusted with links says that an external user of another surface is the same person as
-- one of its own: the link is made, or whoever it means becomes that person.
-- $1 the surface, $2 its own user's identity, $3 the other surface's name, $4 external id there
with trusted as materialized (
  select
  from sluice.surface
  where id = $1::uuid
    and enabled
    and 'links' = any (capabilities)
),
other as materialized (
  select s.id
  from trusted
  cross join sluice.surface s
  where s.name = $3::text
    and s.enabled
),
known as materialized (
  select coalesce(i.merged_into, i.id) as id
  from other
  join sluice.identity_link l on l.surface_id = other.id and l.external_id = $4::text
  join sluice.identity i on i.id = l.identity_id
),
own as materialized (
  select id
  from sluice.identity
  where id = $2::uuid
    and kind <> 'service'
    and merged_into is null
    and erased_at is null
    and not exists (select from known)
  -- A merge waits for us, or we for it.
  for key share
),
made as (
  insert into sluice.identity_link (surface_id, external_id, identity_id)
  select other.id, $4::text, own.id
  from other
  cross join own
  -- Somebody was faster: to be asked again.
  on conflict (surface_id, external_id) do nothing
  returning identity_id
)
select
  exists (select from trusted) as trusted,
  exists (select from other) as found,
  exists (select from made) as linked,
  known.id as who,
  case when known.id is not null then sluice.identity_merge(known.id, $2::uuid) end as outcome
from (values (1)) as one (row)
left join known on true
