-- Called by `sluice identity`: the newest identities, or those that are named, each as one JSON object.
-- $1 among which: recent, identity or link, $2 and $3 bounds of the id, $4 surface's name and $5 external id of a link,
-- $6 kind or null for any, $7 most rows, $8 how many of the newest are looked at for recent ones of a kind
with newest as (
  select id, kind
  from sluice.identity
  where $1::text = 'recent'
  order by id desc
  limit $8::int
),
found as (
  select id
  from newest
  where $6::text is null
    or kind = $6::text
  union all
  select id
  from sluice.identity
  where $1::text = 'identity'
    and id between $2::uuid and $3::uuid
  union all
  select l.identity_id
  from sluice.surface s
  join sluice.identity_link l on l.surface_id = s.id and l.external_id = $5::text
  where $1::text = 'link'
    and s.name = $4::text
)
select row_to_json(identity)::text
from (
  select
    i.id, i.kind, i.display_name, i.team, i.project,
    case
      when i.erased_at is not null then 'erased'
      when i.merged_into is not null then 'merged'
      when block.is_set then 'blocked'
      else 'valid'
    end as state,
    (
      select count(*)
      from sluice.identity_link l
      where l.identity_id = i.id
    ) as links,
    i.created_at, i.merged_into, i.merged_at, i.erased_at,
    (
      select max(r.revoked_at)
      from sluice.revocation r
      where r.identity_id = i.id
        and r.revoked_at < 'infinity'
        and r.expires_at > now()
    ) as tokens_revoked_at,
    block.reason as blocked_for
  from found
  join sluice.identity i on i.id = found.id
  left join lateral (
    select true as is_set, r.reason
    from sluice.revocation r
    where r.identity_id = i.id
      and r.revoked_at = 'infinity'
      and r.expires_at > now()
    order by r.created_at desc
    limit 1
  ) as block on true
  order by i.id desc
  limit $7::int
) as identity
