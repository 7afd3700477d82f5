-- Called by `sluice surface add`, before admin_surface_set in the same transaction: what has no default.
-- $1 id, $2 object of column values
insert into sluice.surface (id, name, kind)
select $1::uuid, given.name, given.kind
from jsonb_populate_record(null::sluice.surface, $2::jsonb) as given
