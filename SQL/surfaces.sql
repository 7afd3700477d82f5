-- Called by every node at start and every 5 s: the surfaces, few and small.
select id, name, kind, allowed_origins::text[], anonymous, pace_ms, session_limit, capabilities
from sluice.surface
where enabled
