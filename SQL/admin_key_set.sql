-- Called by `sluice key add` and `sluice key set`: the columns that are given; null empties one. `lifetime_s`, in
-- seconds, counts from now by this server's clock and wins over expires_at. A revoked key stays as it is.
-- $1 id, $2 object of column values
update sluice.surface_key as k
set (label, expires_at) = (
  select n.label, coalesce(now() + ($2::jsonb ->> 'lifetime_s')::bigint * interval '1 second', n.expires_at)
  from jsonb_populate_record(k, $2::jsonb) as n
)
where k.id = $1::uuid
  and k.revoked_at is null
