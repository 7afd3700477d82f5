-- Revert sluice:privacy from pg
--
-- Who was granted content by mistake reads it again. A role that something else in the cluster still depends on, such
-- as another database's schema sluice, stays.

begin;

set local role sluice_owner;
set local lock_timeout = '2s';

drop function sluice.identity_export (uuid, boolean);
drop function sluice.conversation_export (uuid, uuid);
drop function sluice.identity_erase (uuid, integer);
drop function sluice.conversation_expire (integer);
drop function sluice.conversation_purge (uuid[]);
drop function sluice.identity_family (uuid);

alter view sluice.turn_event reset (security_invoker);
alter view sluice.live_turn reset (security_invoker);

do $$
declare
  relation text;
  rule record;
begin
  -- Those that DBAs have added as well.
  for rule in
    select polname as name, polrelid::regclass as relation
    from pg_policy
    where polrelid in (
      'sluice.conversation'::regclass, 'sluice.message'::regclass, 'sluice.turn'::regclass,
      'sluice.turn_delta'::regclass, 'sluice.idempotency'::regclass
    )
  loop
    execute format('drop policy %I on %s', rule.name, rule.relation);
  end loop;
  foreach relation in array array['conversation', 'message', 'turn', 'turn_delta', 'idempotency']
  loop
    execute format('alter table sluice.%I disable row level security', relation);
  end loop;
  for slot in 0..7 loop
    execute format('alter table sluice.turn_delta_%s disable row level security', slot);
  end loop;
end
$$;

revoke all on all tables in schema sluice from sluice_privacy;
revoke usage on schema sluice from sluice_privacy;

delete from sluice.schema_change
where name = 'privacy';

reset role;

do $$
begin
  drop role if exists sluice_privacy;
exception
  when dependent_objects_still_exist or insufficient_privilege then
    raise notice 'role sluice_privacy kept: %', sqlerrm;
end
$$;

commit;
