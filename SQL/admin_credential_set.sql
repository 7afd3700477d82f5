-- Called by `sluice credential add` and `sluice credential set`: the columns that are given; null empties one.
-- $1 id, $2 object of column values
update sluice.credential as c
set (name, reference, sealed, sealed_key, managed_domain, client_certificate, client_key, ca_bundle) = (
  select
    n.name, n.reference, n.sealed, n.sealed_key, n.managed_domain, n.client_certificate, n.client_key, n.ca_bundle
  from jsonb_populate_record(c, $2::jsonb) as n
)
where c.id = $1::uuid
