-- Called by `sluice price add`, before admin_price_set in the same transaction: what has no default.
-- $1 id, $2 object of column values
insert into sluice.price (id, driver, provider_model, valid_from, input, output)
select $1::uuid, given.driver, given.provider_model, coalesce(given.valid_from, now()), given.input, given.output
from jsonb_populate_record(null::sluice.price, $2::jsonb) as given
