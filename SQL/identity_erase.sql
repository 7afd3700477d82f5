-- Called by `sluice identity erase`, again and again until it is done: some conversations at a time.
-- $1 identity
select conversations, live, done
from sluice.identity_erase($1::uuid)
