-- Deploy sluice:node to pg
-- requires: schema_change

begin;

set local role sluice_owner;

create table sluice.node (
  incarnation   uuid        not null,
  tag           integer     not null,
  host          text        not null,
  version       text        not null,
  started_at    timestamptz not null default now(),
  lease_until   timestamptz not null,
  renewed_at    timestamptz not null default clock_timestamp(),
  contact_since timestamptz not null default clock_timestamp(),
  voided_at     timestamptz,

  constraint node_pkey primary key (incarnation),
  constraint node_tag_check check (tag between 0 and 4095)
)
-- A few rows, each renewed every 3 s and locked by every flush: room on the page lets a renewal stay in it (HOT).
with (
  fillfactor = 10,
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 100
);

-- The reaper's and the tag's look-up. Not on lease_until: an indexed column would cost every renewal an index entry.
create index node_live_idx on sluice.node (tag) where voided_at is null;

comment on table sluice.node is
  'A row per running process: the only lease and the only fence. Every write of a node locks its row for key share.';
comment on column sluice.node.incarnation is 'Made anew at each start of a process, and after it was voided.';
comment on column sluice.node.tag is
  'The 12 bits that this node puts into the ids of its turns, so that nginx can route by them; several nodes may '
  'share one.';
comment on column sluice.node.host is 'Name of the machine.';
comment on column sluice.node.version is 'Version of the program.';
comment on column sluice.node.started_at is 'When the process registered.';
comment on column sluice.node.lease_until is
  'The lease holds until then by the clock of PostgreSQL. No key column, so a renewal never waits for `for key share`.';
comment on column sluice.node.renewed_at is 'When the lease was last renewed, by the clock of PostgreSQL.';
comment on column sluice.node.contact_since is
  'Since when renewals have come without a gap. A node may judge others only after one full lease of it: when the '
  'server stood still, all leases lapse together and nobody is dead.';
comment on column sluice.node.voided_at is 'When the reaper took the lease away, for good; null: never.';

grant select, insert, update, delete on sluice.node to sluice_app;

insert into sluice.schema_change (name)
values ('node');

commit;
