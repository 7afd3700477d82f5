-- Called by `sluice audit list`: what operators changed, the newest first, each row as one JSON object.
-- $1 seconds back from now, or null, $2 since when, or null, $3 table, or null for all, $4 most rows
select row_to_json(entry)::text
from (
  select at, id, login, role, application, address, relation, operation, row_key, changes
  from sluice.audit
  where at >= coalesce(now() - $1::bigint * interval '1 second', $2::timestamptz, '-infinity')
    and ($3::text is null or relation = $3::text)
  order by at desc, id
  limit $4::int
) as entry
