-- Called by `sluice price add` and `sluice price set`: the columns that are given; null empties one. Costs that are in
-- the ledger stay.
-- $1 id, $2 object of column values
update sluice.price as p
set (valid_from, input, output, cached, reasoning) = (
  select n.valid_from, n.input, n.output, n.cached, n.reasoning
  from jsonb_populate_record(p, $2::jsonb) as n
)
where p.id = $1::uuid
