-- First of the two statements of a delete, one transaction: holds the conversation, so that no turn starts in it. Only
-- the next statement sees all that the last turn wrote while this one may have waited for it.
-- $1 conversation, $2 identity
select live_turn
from sluice.conversation
where id = $1::uuid
  and identity_id = $2::uuid
for update
