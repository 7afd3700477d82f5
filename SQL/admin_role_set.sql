-- Called by `sluice role add` and `sluice role set`: the columns that are given, and what is granted besides what was,
-- or no more.
-- $1 id, $2 object of column values; in it also the lists `grant_models` and `drop_models` of ids, `grant_tools` and
-- `drop_tools` of names
with models as (
  insert into sluice.role_model (role_id, model_id)
  select $1::uuid, model::uuid
  from jsonb_array_elements_text($2::jsonb -> 'grant_models') as model
  on conflict do nothing
),
tools as (
  insert into sluice.role_tool (role_id, tool)
  select $1::uuid, tool
  from jsonb_array_elements_text($2::jsonb -> 'grant_tools') as tool
  on conflict do nothing
),
dropped_models as (
  delete from sluice.role_model
  where role_id = $1::uuid
    and model_id in (select jsonb_array_elements_text($2::jsonb -> 'drop_models')::uuid)
),
dropped_tools as (
  delete from sluice.role_tool
  where role_id = $1::uuid
    and tool in (select jsonb_array_elements_text($2::jsonb -> 'drop_tools'))
)
update sluice.role as r
set (name, all_models, all_tools) = (
  select n.name, n.all_models, n.all_tools
  from jsonb_populate_record(r, $2::jsonb) as n
)
where r.id = $1::uuid
