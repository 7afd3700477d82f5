-- Called when a token that is good for one use is used. No row: it was used before.
-- $1 what identifies it, $2 when it expires, in seconds since 1970
insert into sluice.token_use (token, expires_at)
values ($1::text, to_timestamp($2::bigint))
on conflict (token) do nothing
