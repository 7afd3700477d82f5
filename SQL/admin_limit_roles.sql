-- Called by `sluice limit set --role`: the roles that a limit may be for, each as one JSON object.
select row_to_json(listed)::text
from (
  select id, name
  from sluice.role
  order by name
) as listed
