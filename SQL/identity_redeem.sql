-- Called when somebody presents a link code: one becomes the other, and the code is used, together or not at all. No
-- row: it was used before. Two at once: token_use_pkey refuses the second, with all it did.
-- $1 what identifies the code, $2 when it expires, in seconds since 1970, $3 who presents it, $4 whose it is
with fresh as materialized (
  select
  where not exists (
    select from sluice.token_use
    where token = $1::text
  )
),
merged as materialized (
  select sluice.identity_merge($3::uuid, $4::uuid) as outcome
  from fresh
),
used as (
  insert into sluice.token_use (token, expires_at)
  select $1::text, to_timestamp($2::bigint)
  from merged
  where outcome = 'done'
)
select outcome
from merged
