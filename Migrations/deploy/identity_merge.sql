-- Deploy sluice:identity_merge to pg
-- requires: usage
-- requires: identity_merged_idx

begin;

set local role sluice_owner;

create function sluice.identity_merge(gone uuid, kept uuid)
returns text
language plpgsql
security definer
set search_path = ''
as $$
declare
  former sluice.identity;
  latter sluice.identity;
  is_counted boolean;
begin
  -- In one order, whoever is merged into whom. A start holds its identity's row until its turn is written: it comes
  -- before all of this, and is seen below, or after it.
  perform
  from sluice.identity
  where id in (gone, kept)
  order by id
  for update;
  select * into former from sluice.identity where id = gone;
  select * into latter from sluice.identity where id = kept;
  if former.id is null or latter.id is null then
    return 'absent';
  elsif gone = kept or former.merged_into = kept then
    return 'same';
  elsif 'service' in (former.kind, latter.kind) then
    return 'service';
  elsif num_nonnulls(former.merged_into, latter.merged_into) > 0 then
    return 'merged';
  elsif num_nonnulls(former.erased_at, latter.erased_at) > 0 then
    return 'erased';
  elsif exists (
    select
    from sluice.revocation
    where identity_id in (gone, kept)
      and revoked_at = 'infinity'
      and expires_at > now()
  ) then
    return 'blocked';
  elsif exists (select from sluice.turn where identity_id = gone and state = 'streaming') then
    return 'busy';
  end if;

  update sluice.conversation set identity_id = kept where identity_id = gone;
  update sluice.turn set identity_id = kept where identity_id = gone;
  delete from sluice.idempotency as old
  using sluice.idempotency as present
  where old.identity_id = gone
    and present.identity_id = kept
    and present.key = old.key;
  update sluice.idempotency set identity_id = kept where identity_id = gone;
  update sluice.identity_link set identity_id = kept where identity_id = gone;
  insert into sluice.identity_role (identity_id, role_id, granted_at)
  select kept, role_id, granted_at
  from sluice.identity_role
  where identity_id = gone
  on conflict do nothing;
  delete from sluice.identity_role where identity_id = gone;
  update sluice.usage_ledger set identity_id = kept where identity_id = gone;
  update sluice.usage_hold set subject_id = kept where subject_id = gone;

  delete from sluice.usage_limit
  where identity_id = gone
    and exists (select from sluice.usage_limit where identity_id = kept);
  -- A limit that moves counts anew what the ledger says of both. It locks the counters, so none is held by then.
  update sluice.usage_limit set identity_id = kept where identity_id = gone;
  is_counted := found;
  insert into sluice.usage_counter as counter (subject_id, period, starts_at, slot, requests, tokens, cost)
  select
    kept, period, starts_at, 0, sum(requests), case when is_counted then 0 else sum(tokens) end,
    case when is_counted then 0 else sum(cost) end
  from sluice.usage_counter
  where subject_id = gone
  group by period, starts_at
  -- In the order of turns that end.
  order by period, starts_at
  on conflict (subject_id, period, starts_at, slot) do update
  set
    requests = counter.requests + excluded.requests,
    tokens = counter.tokens + excluded.tokens,
    cost = counter.cost + excluded.cost;
  delete from sluice.usage_counter where subject_id = gone;

  update sluice.identity
  set
    -- Who is known by one of them is known.
    kind = case when former.kind = 'person' then former.kind else latter.kind end,
    display_name = coalesce(latter.display_name, former.display_name),
    team = coalesce(latter.team, former.team),
    project = coalesce(latter.project, former.project)
  where id = kept;
  update sluice.identity set merged_into = kept, merged_at = clock_timestamp() where id = gone;
  -- One step always leads to who it is now.
  update sluice.identity set merged_into = kept, merged_at = clock_timestamp() where merged_into = gone;
  return 'done';
end
$$;

comment on function sluice.identity_merge (uuid, uuid) is
  'Makes one identity of two: all that is the first one''s becomes the second one''s, whose id stays; tokens of both '
  'act for it. Returns done; same: they are one already; or why not: absent, service, merged, erased, blocked, or busy: '
  'a turn of the first one streams, to be tried again. Its cost is that of the rows of the first one, which alone are '
  'locked.';

revoke all on function sluice.identity_merge (uuid, uuid) from public;
grant execute on function sluice.identity_merge (uuid, uuid) to sluice_app, sluice_admin;

insert into sluice.schema_change (name)
values ('identity_merge');

commit;
