-- Called by `sluice credential remove`. Refused while a route sends it.
-- $1 id
delete from sluice.credential
where id = $1::uuid
