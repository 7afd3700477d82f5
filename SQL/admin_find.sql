-- Called by `sluice turn list`: the conversation or identity whose id lies between two bounds; two rows say that it is
-- not the only one.
-- $1 conversation or identity, $2 and $3 bounds
select id
from (
  select id
  from sluice.conversation
  where $1::text = 'conversation'
    and id between $2::uuid and $3::uuid
  union all
  select id
  from sluice.identity
  where $1::text = 'identity'
    and id between $2::uuid and $3::uuid
) as found
limit 2
