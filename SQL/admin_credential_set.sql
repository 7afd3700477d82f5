-- Called by `sluice credential add` and `sluice credential set`: the columns that are given; null empties one.
-- $1 id, $2 object of column values
update sluice.credential as c
set (name, reference, managed_domain) = (
  select n.name, n.reference, n.managed_domain
  from jsonb_populate_record(c, $2::jsonb) as n
)
where c.id = $1::uuid
