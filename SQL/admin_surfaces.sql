-- Called by `sluice surface` and by commands that name one: all surfaces, each as one JSON object.
select row_to_json(surface)::text
from (
  select
    s.id, s.name, s.kind, s.allowed_origins, s.anonymous, s.default_model, s.pace_ms, s.session_limit,
    r.name as role, s.role_id, a.name as anonymous_role, s.anonymous_role_id, s.capabilities, s.team, s.project,
    s.retention_days, s.chunking, s.chunk_bytes, s.chunk_delay_ms, s.enabled, s.created_at,
    (
      select count(*)
      from sluice.surface_key k
      where k.surface_id = s.id
        and k.revoked_at is null
        and (k.expires_at is null or k.expires_at > now())
    ) as keys
  from sluice.surface s
  left join sluice.role r on r.id = s.role_id
  left join sluice.role a on a.id = s.anonymous_role_id
  order by s.name
) as surface
