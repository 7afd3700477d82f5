-- Called by `sluice identity add` and `sluice identity set`: the columns that are given; null empties one.
-- $1 id, $2 object of column values
update sluice.identity as i
set (display_name, team, project) = (
  select n.display_name, n.team, n.project
  from jsonb_populate_record(i, $2::jsonb) as n
)
where i.id = $1::uuid
