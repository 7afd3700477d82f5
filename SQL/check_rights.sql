-- Called by `sluice check`, once: every right that the statements of this folder need, whether its object is there, and
-- whether the role has it. Asks the catalogue, so that it can tell of each right that is missing, not only of the first.
with needed (kind, object, privileges) as (
  values
    ('schema', 'sluice', '{usage}'::text[]),
    ('table', 'conversation', '{select, insert, update, delete}'),
    ('table', 'credential', '{select}'),
    ('table', 'idempotency', '{select, insert, update, delete}'),
    ('table', 'identity', '{select, insert, update}'),
    ('table', 'identity_link', '{select, insert, update, delete}'),
    ('table', 'identity_role', '{select}'),
    ('table', 'jwt_issuer', '{select}'),
    ('table', 'message', '{select, insert}'),
    ('table', 'model_route', '{select}'),
    ('table', 'node', '{select, insert, update, delete}'),
    ('table', 'price', '{select}'),
    ('table', 'revocation', '{select, insert, delete}'),
    ('table', 'role', '{select}'),
    ('table', 'role_model', '{select}'),
    ('table', 'role_tool', '{select}'),
    ('table', 'route_health', '{select, insert, update, delete}'),
    ('table', 'schema_change', '{select}'),
    ('table', 'surface', '{select}'),
    ('table', 'surface_key', '{select}'),
    ('table', 'token_use', '{select, insert, update, delete}'),
    ('table', 'turn', '{select, insert, update}'),
    ('table', 'turn_delta', '{select, insert, delete}'),
    ('table', 'turn_delta_0', '{truncate}'),
    ('table', 'turn_delta_1', '{truncate}'),
    ('table', 'turn_delta_2', '{truncate}'),
    ('table', 'turn_delta_3', '{truncate}'),
    ('table', 'turn_delta_4', '{truncate}'),
    ('table', 'turn_delta_5', '{truncate}'),
    ('table', 'turn_delta_6', '{truncate}'),
    ('table', 'turn_delta_7', '{truncate}'),
    ('table', 'usage_counter', '{select, insert, update, delete}'),
    ('table', 'usage_hold', '{select, insert, update, delete}'),
    ('table', 'usage_limit', '{select}'),
    ('table', 'virtual_model', '{select}'),
    ('function', 'conversation_expire', '{execute}'),
    ('function', 'conversation_purge', '{execute}'),
    ('function', 'identity_merge', '{execute}'),
    ('function', 'price_at', '{execute}'),
    ('function', 'roles_of', '{execute}'),
    ('function', 'turn_delta_recycle', '{execute}'),
    ('function', 'usage_left', '{execute}'),
    ('function', 'uuid_time', '{execute}')
)
select
  needed.kind,
  case needed.kind
    when 'schema' then needed.object
    when 'table' then 'sluice.' || needed.object
    else coalesce(callable.oid::regprocedure::text, 'sluice.' || needed.object || '()')
  end as object,
  privilege,
  coalesce(space.oid, relation.oid, callable.oid) is not null as present,
  coalesce(
    has_schema_privilege(space.oid, privilege),
    has_table_privilege(relation.oid, privilege),
    has_function_privilege(callable.oid, privilege),
    false
  ) as granted
from needed
cross join unnest(needed.privileges) with ordinality as each (privilege, ordinal)
left join pg_namespace as space on needed.kind = 'schema' and space.nspname = needed.object
left join pg_namespace as home on home.nspname = 'sluice'
left join pg_class as relation
  on needed.kind = 'table' and relation.relname = needed.object and relation.relnamespace = home.oid
left join pg_proc as callable
  on needed.kind = 'function' and callable.proname = needed.object and callable.pronamespace = home.oid
order by needed.kind, needed.object, each.ordinal
