-- Called by `sluice key` and by commands that name one: all surface keys, each as one JSON object without its hash.
select row_to_json(key)::text
from (
  select
    k.id, s.name as surface, k.surface_id, k.identity_id, k.label,
    case
      when k.revoked_at is not null then 'revoked'
      when k.expires_at <= now() then 'expired'
      when not s.enabled then 'surface disabled'
      else 'valid'
    end as state,
    k.created_at, k.expires_at, k.revoked_at
  from sluice.surface_key k
  join sluice.surface s on s.id = k.surface_id
  order by s.name, k.created_at, k.id
) as key
