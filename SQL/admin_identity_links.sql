-- Called by `sluice identity links`: by which names surfaces know an identity, each as one JSON object.
-- $1 identity, $2 most rows
select row_to_json(link)::text
from (
  select s.name as surface, l.external_id, l.created_at, l.surface_id, l.identity_id
  from sluice.identity_link l
  join sluice.surface s on s.id = l.surface_id
  where l.identity_id = $1::uuid
  order by s.name, l.external_id
  limit $2::int
) as link
