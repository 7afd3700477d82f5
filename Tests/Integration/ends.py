"""What the rows say of turns that have ended: once, for good, and what their readers saw."""

import random

from crowd import Crowd, Reader, place
from deployment import Deployment

# A turn's end is final, and so is each chunk: whoever writes over one leaves a row here.
WATCH = """
create table public.rewritten (at timestamptz not null default clock_timestamp(), what text not null);
create function public.note_rewriting() returns trigger language plpgsql security definer as $$
begin
  insert into public.rewritten (what)
  values (tg_table_name || ' ' || old::text || ' became ' || coalesce(new::text, 'nothing'));
  return null;
end
$$;
create trigger rewritten after update on sluice.turn for each row
  when (old.state <> 'streaming' and (old.state, old.epoch, old.chunks, old.ended_at, old.finish_reason, old.error)
    is distinct from (new.state, new.epoch, new.chunks, new.ended_at, new.finish_reason, new.error))
  execute function public.note_rewriting();
create trigger rewritten after update or delete on sluice.turn_delta for each row
  execute function public.note_rewriting();
"""

# Of one epoch alone are the chunks that count; its numbers have no gap, and its last one is the only final one of all.
ROWS = """
select
  t.id::text, t.state,
  (select count(*) from turn_delta d where d.turn_id = t.id and d.final) as finals,
  (select (count(*), min(seq), max(seq), bool_or(final and seq = t.chunks)) = (t.chunks, 1, t.chunks, true)
    from turn_delta d where d.turn_id = t.id and d.epoch = t.epoch) as whole,
  t.epoch,
  (select live_turn is null from conversation c where c.id = t.conversation_id) as free,
  coalesce((select m.parts -> 0 ->> 'text' from message m
    where m.conversation_id = t.conversation_id and m.id = t.message_id), '') as text
from turn t
"""


def watch_ends(deployment: Deployment) -> None:
    """Notes from now on what must never happen."""
    deployment.sql.execute(WATCH)


def assert_ended_as_seen(deployment: Deployment, crowd: Crowd, dice: random.Random) -> None:
    """Every turn that was started ended once, as its reader saw it, and can be read again from the start."""
    assert not deployment.sql.execute("select * from public.rewritten limit 5").fetchall()
    readers: dict[str, Reader] = {reader.id: reader for reader in crowd.finished}
    assert len(readers) == len(crowd.finished)
    rows = deployment.sql.execute(ROWS).fetchall()
    # No key made two turns.
    assert {row["id"] for row in rows} == set(readers)
    for row in rows:
        reader = readers[row["id"]]
        seen = (reader.state, 1, True, place(reader.cursor)[0], True)
        told = (row["state"], row["finals"], row["whole"], row["epoch"], row["free"])
        assert told == seen, f"turn {reader.id}: {told}, its reader has seen {seen}"
        assert row["text"] == reader.text, f"turn {reader.id} is kept with another text"
    for reader in dice.sample(crowd.finished, min(50, len(crowd.finished))):
        again = reader.another_reader().read()
        assert (again.state, again.text) == (reader.state, reader.text)
