-- Called by `sluice route remove`.
-- $1 id
delete from sluice.model_route
where id = $1::uuid
