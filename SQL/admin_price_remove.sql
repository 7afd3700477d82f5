-- Called by `sluice price remove`. Costs that are in the ledger stay.
-- $1 id
delete from sluice.price
where id = $1::uuid
