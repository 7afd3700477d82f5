-- Called by `sluice model add`, before admin_model_set in the same transaction: what has no default.
-- $1 id, $2 object of column values
insert into sluice.virtual_model (id, name, title)
select $1::uuid, given.name, coalesce(given.title, given.name)
from jsonb_to_record($2::jsonb) as given (name text, title text)
