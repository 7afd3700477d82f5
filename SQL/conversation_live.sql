-- Called when a start found its conversation busy: the live turn to answer with.
-- $1 conversation, $2 identity
select live_turn
from sluice.conversation
where id = $1::uuid
  and identity_id = $2::uuid
