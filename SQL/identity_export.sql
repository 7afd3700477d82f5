-- Called by `sluice identity export`, once: all that is kept of an identity, a line for each thing, but for what its
-- conversations hold, whose ids stand beside.
-- $1 identity
select
  jsonb_build_object('kind', kind, 'item', item)::text,
  case kind when 'conversation' then (item ->> 'id')::uuid end
from sluice.identity_export($1::uuid, false)
