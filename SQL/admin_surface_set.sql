-- Called by `sluice surface add` and `sluice surface set`: the columns that are given; null empties one.
-- $1 id, $2 object of column values
update sluice.surface as s
set (
  name, kind, allowed_origins, anonymous, default_model, pace_ms, session_limit, chunking, chunk_bytes, chunk_delay_ms,
  enabled, role_id, anonymous_role_id, capabilities, team, project, retention_days
) = (
  select
    n.name, n.kind, n.allowed_origins, n.anonymous, n.default_model, n.pace_ms, n.session_limit, n.chunking,
    n.chunk_bytes, n.chunk_delay_ms, n.enabled, n.role_id, n.anonymous_role_id, n.capabilities, n.team, n.project,
    n.retention_days
  from jsonb_populate_record(s, $2::jsonb) as n
)
where s.id = $1::uuid
