-- Called by `sluice model remove`: the model and, by its foreign key, its routes. Refused while a surface falls back
-- on it.
-- $1 id
delete from sluice.virtual_model
where id = $1::uuid
