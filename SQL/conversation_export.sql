-- Called by `sluice identity export`, once for each conversation: what it holds, a line for each thing.
-- $1 identity, $2 conversation
select jsonb_build_object('kind', kind, 'item', item)::text
from sluice.conversation_export($1::uuid, $2::uuid)
