-- Called when an identity that a token names is not there any more: who it has become. No row: nobody.
-- $1 identity
select coalesce(merged_into, id)
from sluice.identity
where id = $1::uuid
  and erased_at is null
