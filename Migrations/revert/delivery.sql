-- Revert sluice:delivery from pg
-- A virtual model that gathers text or restarts turns stops it here: whoever runs it decides what becomes of that. Turns
-- that have ended say `keep` from now on.

begin;

set local role sluice_owner;
set local lock_timeout = '2s';

update sluice.turn
set on_interrupt = 'keep'
where on_interrupt = 'restart'
  and state <> 'streaming';

alter table sluice.turn
  drop constraint turn_on_interrupt_check,
  drop column request,
  drop column restarts,
  drop column abandon_after_ms,
  drop column read_at,
  add constraint turn_on_interrupt_check check (on_interrupt in ('keep'));

alter table sluice.surface
  drop column chunking,
  drop column chunk_bytes,
  drop column chunk_delay_ms;

alter table sluice.virtual_model
  drop constraint virtual_model_chunking_check,
  drop constraint virtual_model_on_interrupt_check,
  drop column chunk_bytes,
  drop column chunk_delay_ms,
  drop column abandon_after_ms,
  add constraint virtual_model_chunking_check check (chunking in ('immediate')),
  add constraint virtual_model_on_interrupt_check check (on_interrupt in ('keep'));

comment on column sluice.virtual_model.chunking is 'How text is gathered into events; immediate: as it arrives.';
comment on column sluice.virtual_model.on_interrupt is
  'When the owner of a turn dies; keep: the text so far stays and the turn ends interrupted.';

delete from sluice.schema_change
where name = 'delivery';

commit;
