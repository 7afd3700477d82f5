-- Called when a person asks by which names surfaces know it: the newest first.
-- $1 identity, $2 most rows
select s.name, l.external_id, (extract(epoch from l.created_at) * 1000000)::bigint
from sluice.identity_link l
join sluice.surface s on s.id = l.surface_id
where l.identity_id = $1::uuid
order by l.created_at desc, s.name, l.external_id
limit $2::int
