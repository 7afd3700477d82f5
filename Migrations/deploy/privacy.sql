-- Deploy sluice:privacy to pg
-- requires: audit
-- requires: turn_delta
--
-- Content is kept from roles that it is not for, row by row: a grant alone shows nothing of it any more.

begin;

do $$
declare
  wanted record;
begin
  -- Roles belong to the cluster: it may exist already, and what a DBA has set on it stays.
  begin
    create role sluice_privacy login;
    comment on role sluice_privacy is 'Who may read content, export all that is kept of an identity, and erase it.';
  exception
    -- unique_violation: another database of the cluster is deployed at this moment.
    when duplicate_object or unique_violation then
      raise notice 'role sluice_privacy exists already, kept';
  end;

  for wanted in
    select *
    from (values
      ('statement_timeout', '60s'),
      ('lock_timeout', '3s'),
      ('idle_in_transaction_session_timeout', '60s')
    ) as setting (name, value)
  loop
    if not exists (
      select
      from pg_roles, unnest(rolconfig) as configured
      where rolname = 'sluice_privacy'
        and configured like wanted.name || '=%'
    ) then
      execute format('alter role sluice_privacy set %I = %L', wanted.name, wanted.value);
    end if;
  end loop;
end
$$;

set local role sluice_owner;
-- Every start locks several of these tables, in an order of its own: whoever waits for one and holds another can end
-- as a deadlock, and starts with it. So all of them at once or none, again and again, and rather fail, to be run again,
-- than make starts wait behind us.
do $$
begin
  set local lock_timeout = '200ms';
  for attempt in 1..50 loop
    begin
      lock table sluice.conversation, sluice.message, sluice.turn, sluice.turn_delta, sluice.idempotency
        in access exclusive mode;
      return;
    exception when lock_not_available then
      perform pg_sleep(0.05 * random());
    end;
  end loop;
  raise lock_not_available using message = 'The tables are in use without a pause: deploy again.';
end
$$;

do $$
declare
  relation text;
begin
  foreach relation in array array['conversation', 'message', 'turn', 'turn_delta', 'idempotency']
  loop
    execute format('alter table sluice.%I enable row level security', relation);
    execute format('create policy program on sluice.%I to sluice_app using (true) with check (true)', relation);
    execute format('create policy privacy on sluice.%I for select to sluice_privacy using (true)', relation);
  end loop;
  -- They are asked for by the name of the whole, but for being emptied, which no policy hinders.
  for slot in 0..7 loop
    execute format('alter table sluice.turn_delta_%s enable row level security', slot);
  end loop;
end
$$;

-- What operators have of these two, they have by columns.
create policy operators on sluice.conversation for select to sluice_admin using (true);
create policy operators on sluice.turn for select to sluice_admin using (true);
create policy operators_cancel on sluice.turn for update to sluice_admin using (true) with check (true);

-- What views show is what who asks may see, not what their owner may: the others show no content and no names.
alter view sluice.turn_event set (security_invoker = true);
alter view sluice.live_turn set (security_invoker = true);

create function sluice.identity_family(identity uuid)
returns setof uuid
language sql
stable
parallel safe
begin atomic
  with recursive upward (id, merged_into) as (
    select one.id, one.merged_into
    from sluice.identity as one
    where one.id = identity_family.identity
    union
    select next.id, next.merged_into
    from upward
    inner join sluice.identity as next on next.id = upward.merged_into
  ),
  family (id) as (
    select upward.id
    from upward
    where upward.merged_into is null
    union
    select next.id
    from family
    inner join sluice.identity as next on next.merged_into = family.id
  )
  select family.id
  from family;
end;

comment on function sluice.identity_family (uuid) is
  'The identities that are one person: the given one, what it has become, and what has become that.';

create function sluice.conversation_purge(conversations uuid[])
returns integer
language sql
set search_path = ''
begin atomic
  with emptied as (
    update sluice.turn
    set
      metadata = '{}',
      request = null,
      error = error || '{"message": ""}',
      upstream = upstream - 'request'
    where turn.conversation_id = any (conversation_purge.conversations)
    returning
      turn.id, turn.identity_id, turn.created_at,
      (extract(epoch from sluice.uuid_time(turn.id))::numeric * 1000)::bigint / 86400000 % 8 as slot
  ),
  unlogged as (
    delete from sluice.turn_delta
    using emptied
    where turn_delta.turn_id = emptied.id
      and turn_delta.slot = emptied.slot
  ),
  forgotten as (
    delete from sluice.idempotency
    using emptied
    where idempotency.created_at = emptied.created_at
      and idempotency.identity_id = emptied.identity_id
      and idempotency.turn_id = emptied.id
  ),
  removed as (
    delete from sluice.conversation
    where conversation.id = any (conversation_purge.conversations)
    returning conversation.id
  )
  select count(*)::integer
  from removed;
end;

comment on function sluice.conversation_purge (uuid[]) is
  'Deletes conversations that the caller has locked, and in which no turn is live: messages and logs with them, and '
  'what clients gave their turns. The turns themselves stay, for reports. Returns how many there were.';

create function sluice.conversation_expire(most integer default 100)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  began constant timestamptz := clock_timestamp();
  deleted integer := 0;
  old uuid;
begin
  for old in
    select conversation.id
    from sluice.surface
    cross join lateral (
      select one.id
      from sluice.conversation as one
      where one.surface_id = surface.id
        and one.updated_at < now() - make_interval(days => surface.retention_days)
        and one.live_turn is null
      order by one.updated_at
      limit most
    ) as conversation
    where surface.retention_days is not null
    limit most
  loop
    -- Somebody else may be at it, or say something in it.
    perform
    from sluice.conversation
    inner join sluice.surface on surface.id = conversation.surface_id
    where conversation.id = old
      and conversation.updated_at < now() - make_interval(days => surface.retention_days)
      and conversation.live_turn is null
    for update of conversation skip locked;
    if found then
      deleted := deleted + sluice.conversation_purge(array[old]);
    end if;
    exit when clock_timestamp() > began + interval '1 second';
  end loop;
  return deleted;
end
$$;

comment on function sluice.conversation_expire (integer) is
  'Deletes some conversations in which nothing was said for longer than their surface keeps them: as many as are '
  'given, or as it gets through in a second. Returns how many; 0: none are left, or others are at it. Harmless at any '
  'time.';

create function sluice.identity_erase(
  identity uuid, most integer default 100, out conversations integer, out live integer, out done boolean
)
language plpgsql
security definer
set search_path = ''
as $$
declare
  began constant timestamptz := clock_timestamp();
  family uuid[];
  one uuid;
begin
  family := array(select sluice.identity_family(identity_erase.identity));
  if cardinality(family) = 0 then
    raise no_data_found using message = format('there is no identity %s', identity_erase.identity);
  end if;
  -- A start holds its identity's row until its turn is written, and finds it erased if it comes after us.
  perform
  from sluice.identity as i
  where i.id = any (family)
  order by i.id
  for update;
  -- Whom a merge that we waited for has added.
  family := array(select sluice.identity_family(identity_erase.identity));
  update sluice.identity as i
  set erased_at = clock_timestamp(), display_name = null, team = null, project = null
  where i.id = any (family)
    and i.erased_at is null;
  insert into sluice.revocation (identity_id, revoked_at, expires_at, reason)
  select member, 'infinity', 'infinity', 'erased'
  from unnest(family) as member
  where not exists (
    select
    from sluice.revocation as former
    where former.identity_id = member
      and former.revoked_at = 'infinity'
      and former.expires_at = 'infinity'
  );
  update sluice.surface_key as k
  set revoked_at = clock_timestamp()
  where k.identity_id = any (family)
    and k.revoked_at is null;
  delete from sluice.identity_link as l where l.identity_id = any (family);
  delete from sluice.identity_role as r where r.identity_id = any (family);
  delete from sluice.usage_limit as u where u.identity_id = any (family);
  delete from sluice.idempotency as k where k.identity_id = any (family);

  -- Their nodes end them within a second; they are erased by a later call.
  update sluice.turn as t
  set cancel_requested_at = clock_timestamp()
  where t.cancel_requested_at is null
    and t.state = 'streaming'
    and t.id in (
      select c.live_turn
      from sluice.conversation as c
      where c.identity_id = any (family)
        and c.live_turn is not null
    );

  conversations := 0;
  for one in
    select c.id
    from sluice.conversation as c
    where c.identity_id = any (family)
      and c.live_turn is null
    limit most
  loop
    -- Nobody starts in it any more, but one of its nodes may be about to write an end.
    perform from sluice.conversation as c where c.id = one and c.live_turn is null for update;
    if found then
      conversations := conversations + sluice.conversation_purge(array[one]);
    end if;
    exit when clock_timestamp() > began + interval '1 second';
  end loop;

  select count(*) filter (where c.live_turn is not null), count(*) = 0
  into live, done
  from sluice.conversation as c
  where c.identity_id = any (family);
  if done then
    -- Turns whose conversation somebody had deleted before.
    with remnant as (
      select t.id
      from sluice.turn as t
      where t.identity_id = any (family)
        and (t.metadata <> '{}' or t.request is not null or t.error ->> 'message' <> '' or t.upstream ? 'request')
      limit most * 100
      for update
    )
    update sluice.turn as t
    set metadata = '{}', request = null, error = t.error || '{"message": ""}', upstream = t.upstream - 'request'
    from remnant
    where t.id = remnant.id;
    done := not found;
  end if;
end
$$;

comment on function sluice.identity_erase (uuid, integer) is
  'Erases some of what is kept of an identity and of those merged into it: bars its tokens and keys, cancels its live '
  'turns, deletes links, roles, limits and conversations, as many as are given or as it gets through in a second. To '
  'be called again, each time in a transaction of its own, until done; again at any time. Turns and the ledger stay, '
  'without content. Returns the conversations deleted and the turns that are still to end.';

create function sluice.conversation_export(identity uuid, conversation uuid)
returns table (kind text, item jsonb)
language sql
stable
security definer
set search_path = ''
begin atomic
  with mine as (
    select c.id
    from sluice.conversation as c
    where c.id = conversation_export.conversation
      and c.identity_id in (select sluice.identity_family(conversation_export.identity))
  ),
  turns as (
    select
      t.*,
      ((extract(epoch from sluice.uuid_time(t.id))::numeric * 1000)::bigint / 86400000 % 8)::smallint as slot
    from mine
    inner join sluice.turn as t on t.conversation_id = mine.id
  )
  (
    select 'message', to_jsonb(m)
    from mine
    inner join sluice.message as m on m.conversation_id = mine.id
    order by m.created_at, m.id
  )
  union all
  (
    select 'turn', to_jsonb(turns) - array['slot', 'owner', 'route_id', 'upstream']
    from turns
    order by turns.id
  )
  union all
  (
    select
      'log',
      jsonb_build_object(
        'turn_id', d.turn_id, 'epoch', d.epoch, 'seq', d.seq, 'events', ('[' || d.events || ']')::jsonb
      )
    from turns
    inner join sluice.turn_delta as d on d.turn_id = turns.id and d.slot = turns.slot
    order by d.turn_id, d.epoch, d.seq
  )
  union all
  select 'usage', to_jsonb(l) - array['driver', 'provider_model', 'price_id']
  from turns
  inner join sluice.usage_ledger as l on l.turn_id = turns.id;
end;

comment on function sluice.conversation_export (uuid, uuid) is
  'Of one conversation of an identity: its messages and turns, the log as far as it is kept, and the usage; nothing of '
  'which provider served it.';

create function sluice.identity_export(identity uuid, whole boolean default true)
returns table (kind text, item jsonb)
language plpgsql
security definer
set search_path = ''
as $$
declare
  family constant uuid[] := array(select sluice.identity_family(identity_export.identity));
begin
  if cardinality(family) = 0 then
    raise no_data_found using message = format('there is no identity %s', identity_export.identity);
  end if;
  insert into sluice.audit (login, role, application, address, relation, operation, row_key)
  values (
    session_user, nullif(current_setting('role'), 'none'), nullif(current_setting('application_name'), ''),
    inet_client_addr(), 'identity', 'export', jsonb_build_object('id', identity_export.identity)
  );
  return query
    select 'identity', to_jsonb(i) from sluice.identity as i where i.id = any (family)
    union all
    select 'link', to_jsonb(l) || jsonb_build_object('surface', s.name)
    from sluice.identity_link as l
    inner join sluice.surface as s on s.id = l.surface_id
    where l.identity_id = any (family)
    union all
    select 'role', to_jsonb(given) || jsonb_build_object('role', r.name)
    from sluice.identity_role as given
    inner join sluice.role as r on r.id = given.role_id
    where given.identity_id = any (family)
    union all
    select 'limit', to_jsonb(u) from sluice.usage_limit as u where u.identity_id = any (family)
    union all
    select 'revocation', to_jsonb(r) from sluice.revocation as r where r.identity_id = any (family)
    union all
    select 'key', to_jsonb(k) - 'hash' from sluice.surface_key as k where k.identity_id = any (family)
    union all
    select 'idempotency', to_jsonb(k) - 'body_hash' from sluice.idempotency as k where k.identity_id = any (family)
    union all
    -- Of what is no more.
    select 'turn', to_jsonb(t) - array['owner', 'route_id', 'upstream']
    from sluice.turn as t
    where t.identity_id = any (family)
      and not exists (select from sluice.conversation as c where c.id = t.conversation_id)
    union all
    select 'usage', to_jsonb(l) - array['driver', 'provider_model', 'price_id']
    from sluice.usage_ledger as l
    where l.identity_id = any (family)
      and not exists (
        select
        from sluice.turn as t
        inner join sluice.conversation as c on c.id = t.conversation_id
        where t.id = l.turn_id
      );
  return query
    select part.kind, part.item
    from sluice.conversation as c
    cross join lateral (
      select 'conversation', to_jsonb(c)
      union all
      select one.kind, one.item
      from sluice.conversation_export(identity_export.identity, c.id) as one
      where whole
    ) as part (kind, item)
    where c.identity_id = any (family);
end
$$;

comment on function sluice.identity_export (uuid, boolean) is
  'All that is kept of an identity and of those merged into it, a row for each thing: `select * from '
  'sluice.identity_export(…)`. Whole: with what conversation_export tells of each of its conversations. The audit says '
  'who asked.';

revoke all
on function sluice.identity_family (uuid), sluice.conversation_purge (uuid[]), sluice.conversation_expire (integer),
  sluice.identity_erase (uuid, integer), sluice.conversation_export (uuid, uuid),
  sluice.identity_export (uuid, boolean)
from public;
grant execute on function sluice.conversation_purge (uuid[]), sluice.conversation_expire (integer) to sluice_app;
grant execute
on function sluice.identity_family (uuid), sluice.identity_erase (uuid, integer),
  sluice.conversation_export (uuid, uuid), sluice.identity_export (uuid, boolean)
to sluice_privacy;

grant usage on schema sluice to sluice_privacy;
grant select
on sluice.schema_change, sluice.surface, sluice.identity, sluice.identity_link, sluice.conversation, sluice.message,
  sluice.turn, sluice.turn_delta, sluice.turn_event, sluice.usage_ledger, sluice.audit
to sluice_privacy;

insert into sluice.schema_change (name)
values ('privacy');

commit;
