-- Called by `sluice limit remove`.
-- $1 id
delete from sluice.usage_limit
where id = $1::uuid
