-- Deploy sluice:schema_change to pg
-- requires: roles

begin;

create schema sluice authorization sluice_owner;
comment on schema sluice is 'Sluice: chat turns relayed as streams, their log, and the configuration that rules them.';

set local role sluice_owner;

grant usage on schema sluice to sluice_app, sluice_report;

create table sluice.schema_change (
  name        text        not null,
  min_binary  text,
  deployed_at timestamptz not null default now(),

  constraint schema_change_pkey primary key (name),
  constraint schema_change_min_binary_check check (min_binary ~ '^[0-9]+\.[0-9]+\.[0-9]+$')
);

comment on table sluice.schema_change is
  'What is deployed here. Each deploy script adds its name in its own transaction; the program starts if all it needs '
  'is there.';
comment on column sluice.schema_change.name is 'The change, as in sqitch.plan.';
comment on column sluice.schema_change.min_binary is
  'The oldest version (major.minor.patch) that can live with the change; null: any.';
comment on column sluice.schema_change.deployed_at is 'When the change was deployed.';

grant select on sluice.schema_change to sluice_app;

insert into sluice.schema_change (name)
values ('roles'), ('schema_change');

commit;
