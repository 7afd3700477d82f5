-- Called by a starting node, and by one that was voided: its new incarnation, with its first lease.
-- Says whether another live lease bears the same tag.
-- $1 incarnation, $2 tag, $3 host, $4 version, $5 lease in ms
with born as (
  insert into sluice.node (incarnation, tag, host, version, lease_until)
  values ($1::uuid, $2::int, $3::text, $4::text, clock_timestamp() + $5::int * interval '1 millisecond')
  on conflict (incarnation) do update set lease_until = excluded.lease_until
  where node.voided_at is null
  returning incarnation
)
select
  (select count(*) from born) as registered,
  exists (
    select from sluice.node
    where tag = $2::int
      and incarnation <> $1::uuid
      and voided_at is null
      and lease_until > clock_timestamp()
  ) as tag_shared
