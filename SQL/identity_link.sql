-- Called when a surface key acts for an external user: that user's identity, made on first sight.
-- Two at once both get the row that won.
-- $1 surface, $2 external id, $3 identity to use if there is none yet
with known as materialized (
  select coalesce(i.merged_into, i.id) as identity_id
  from sluice.identity_link l
  join sluice.identity i on i.id = l.identity_id
  where l.surface_id = $1::uuid
    and l.external_id = $2::text
),
made as (
  insert into sluice.identity (id, kind)
  select $3::uuid, 'person'
  where not exists (select from known)
),
linked as (
  insert into sluice.identity_link (surface_id, external_id, identity_id)
  select $1::uuid, $2::text, $3::uuid
  where not exists (select from known)
  on conflict (surface_id, external_id) do update set external_id = excluded.external_id
  returning identity_id
)
select identity_id from known
union all
select identity_id from linked
