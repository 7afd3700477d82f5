-- Called by `sluice role` and by commands that name one: all roles, each as one JSON object, with what they grant, how
-- many identities have them, and the surfaces by which everybody has them.
select row_to_json(role)::text
from (
  select
    r.id, r.name, r.all_models,
    array(
      select m.name
      from sluice.role_model g
      join sluice.virtual_model m on m.id = g.model_id
      where g.role_id = r.id
      order by m.name
    ) as models,
    r.all_tools,
    array(
      select g.tool
      from sluice.role_tool g
      where g.role_id = r.id
      order by g.tool
    ) as tools,
    (
      select count(*)
      from sluice.identity_role g
      where g.role_id = r.id
    ) as identities,
    array(
      select s.name
      from sluice.surface s
      where s.role_id = r.id
      order by s.name
    ) as surfaces,
    array(
      select s.name
      from sluice.surface s
      where s.anonymous_role_id = r.id
      order by s.name
    ) as anonymous_surfaces,
    r.created_at
  from sluice.role r
  order by r.name
) as role
