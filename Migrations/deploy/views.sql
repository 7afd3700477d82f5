-- Deploy sluice:views to pg
-- requires: node
-- requires: surface
-- requires: identity
-- requires: turn_delta

begin;

set local role sluice_owner;

create view sluice.live_turn as
select
  turn.id as turn_id,
  turn.conversation_id,
  turn.identity_id,
  identity.display_name,
  surface.name as surface,
  turn.model_name as model,
  turn.owner,
  node.host,
  node.tag,
  case
    when node.incarnation is null then 'gone'
    when node.voided_at is not null then 'voided'
    when node.lease_until > now() then 'held'
    else 'lapsed'
  end as lease,
  turn.epoch,
  turn.created_at,
  now() - turn.created_at as age,
  turn.cancel_requested_at
from sluice.turn
left join sluice.identity on identity.id = turn.identity_id
left join sluice.surface on surface.id = turn.surface_id
left join sluice.node on node.incarnation = turn.owner
where turn.state = 'streaming';

comment on view sluice.live_turn is 'For DBAs: the turns that stream now, whose they are and who runs them.';
comment on column sluice.live_turn.turn_id is 'The turn.';
comment on column sluice.live_turn.conversation_id is 'Its conversation.';
comment on column sluice.live_turn.identity_id is 'Whose it is.';
comment on column sluice.live_turn.display_name is 'The identity''s name; null: unknown.';
comment on column sluice.live_turn.surface is 'Name of the surface where it was started.';
comment on column sluice.live_turn.model is 'Name of the virtual model.';
comment on column sluice.live_turn.owner is 'Incarnation of the node that runs it.';
comment on column sluice.live_turn.host is 'Machine of that node; null: the node is gone.';
comment on column sluice.live_turn.tag is 'Tag of that node; null: the node is gone.';
comment on column sluice.live_turn.lease is
  'held; lapsed: the node is late or dead; voided: the reaper is about to end the turn; gone: no such node.';
comment on column sluice.live_turn.epoch is 'Above 1: the text started over.';
comment on column sluice.live_turn.created_at is 'When it started.';
comment on column sluice.live_turn.age is 'How long it has streamed.';
comment on column sluice.live_turn.cancel_requested_at is 'When somebody asked to cancel it; null: nobody did.';

create view sluice.turn_event as
select
  delta.turn_id,
  delta.slot,
  delta.epoch,
  delta.seq,
  item.ordinal,
  item.event,
  delta.final
from sluice.turn_delta as delta
cross join lateral jsonb_array_elements(('[' || delta.events || ']')::jsonb) with ordinality as item (event, ordinal);

comment on view sluice.turn_event is
  'For DBAs: the log of turns, one event a row. Shows content. Ask with the slot as well and one leaf is read.';
comment on column sluice.turn_event.turn_id is 'The turn.';
comment on column sluice.turn_event.slot is 'Leaf of the ring.';
comment on column sluice.turn_event.epoch is 'Epoch of the turn.';
comment on column sluice.turn_event.seq is 'Chunk within the epoch, from 1.';
comment on column sluice.turn_event.ordinal is 'Event within the chunk, from 1.';
comment on column sluice.turn_event.event is 'The event.';
comment on column sluice.turn_event.final is 'True: of the terminal chunk.';

create view sluice.node_status as
select
  node.incarnation,
  node.tag,
  node.host,
  node.version,
  case
    when node.voided_at is not null then 'voided'
    when node.lease_until > now() then 'live'
    else 'lapsed'
  end as state,
  node.started_at,
  node.lease_until,
  node.voided_at,
  (
    select count(*)
    from sluice.turn
    where turn.owner = node.incarnation
      and turn.state = 'streaming'
  ) as live_turns
from sluice.node;

comment on view sluice.node_status is 'Nodes, their leases and how many turns each runs. No content.';
comment on column sluice.node_status.incarnation is 'The running process.';
comment on column sluice.node_status.tag is 'Its tag in the ids of turns.';
comment on column sluice.node_status.host is 'Name of the machine.';
comment on column sluice.node_status.version is 'Version of the program.';
comment on column sluice.node_status.state is
  'live; lapsed: late or dead, not yet judged; voided: its turns are taken from it.';
comment on column sluice.node_status.started_at is 'When the process registered.';
comment on column sluice.node_status.lease_until is 'The lease holds until then.';
comment on column sluice.node_status.voided_at is 'When the lease was taken away; null: never.';
comment on column sluice.node_status.live_turns is 'Turns that stream on it now.';

create view sluice.turn_report as
select
  turn.id as turn_id,
  turn.identity_id,
  surface.name as surface,
  turn.model_name as model,
  turn.state,
  turn.finish_reason,
  turn.error ->> 'code' as error_code,
  turn.usage,
  turn.created_at,
  turn.ended_at,
  turn.ended_at - turn.created_at as duration,
  turn.cancel_requested_at,
  turn.epoch,
  turn.chunks
from sluice.turn
left join sluice.surface on surface.id = turn.surface_id;

comment on view sluice.turn_report is 'Turns without a word of their content, for reports.';
comment on column sluice.turn_report.turn_id is 'The turn.';
comment on column sluice.turn_report.identity_id is 'Whose it was; no name.';
comment on column sluice.turn_report.surface is 'Name of the surface where it was started.';
comment on column sluice.turn_report.model is 'Name that the virtual model had.';
comment on column sluice.turn_report.state is 'streaming, done, error, cancelled or interrupted.';
comment on column sluice.turn_report.finish_reason is 'Why the model stopped; null: it did not say.';
comment on column sluice.turn_report.error_code is 'Code of the error, without its message; null: none.';
comment on column sluice.turn_report.usage is 'Object of token counts; null: unknown.';
comment on column sluice.turn_report.created_at is 'When it started.';
comment on column sluice.turn_report.ended_at is 'When it ended; null: still streaming.';
comment on column sluice.turn_report.duration is 'From start to end; null: still streaming.';
comment on column sluice.turn_report.cancel_requested_at is 'When somebody asked to cancel it; null: nobody did.';
comment on column sluice.turn_report.epoch is 'Above 1: the text started over.';
comment on column sluice.turn_report.chunks is 'Chunks of the last epoch; null: still streaming.';

grant select on sluice.node_status, sluice.turn_report to sluice_report;

insert into sluice.schema_change (name)
values ('views');

commit;
