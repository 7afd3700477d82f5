"""Somebody who writes into the tables that grow all the time, and measures how long that takes."""

import threading
import time

import psycopg
from deployment import Deployment

# What a turn's life does to the tables, in one transaction.
LIFE = """
with conversation as (
  insert into sluice.conversation (id, identity_id, surface_id)
  select gen_random_uuid(), i.id, s.id
  from (select id from sluice.identity limit 1) i, (select id from sluice.surface limit 1) s
  returning id, identity_id, surface_id
),
said as (
  insert into sluice.message (conversation_id, id, role, parts)
  select id, gen_random_uuid(), 'user', '[]' from conversation
),
turned as (
  insert into sluice.turn (id, conversation_id, identity_id, surface_id, user_message_id, message_id, model_name,
    durability, on_interrupt, owner, state, chunks, ended_at)
  select gen_random_uuid(), id, identity_id, surface_id, gen_random_uuid(), gen_random_uuid(), 'written', 'commit',
    'keep', gen_random_uuid(), 'done', 1, now()
  from conversation
  returning id, identity_id
),
logged as (
  insert into sluice.turn_delta (turn_id, epoch, seq, slot, events, final)
  select id, 1, 1, 0, '{}', true from turned
)
insert into sluice.idempotency (identity_id, key, turn_id, body_hash)
select identity_id, id::text, id, sha256('') from turned
"""
READ = "select count(*) from (select from sluice.virtual_model m join sluice.model_route r on r.model_id = m.id) rows"


class Writers:
    """Writes and reads, as the program's role, until left; `slowest` is the longest that one took, in seconds."""

    def __init__(self, deployment: Deployment):
        self.conninfo = deployment.postgres.conninfo(deployment.database)
        self.times: dict[str, list[float]] = {}
        self.failures: list[str] = []
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.go, args=(text,), daemon=True) for text in (LIFE, READ)]

    def __enter__(self) -> "Writers":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        assert not self.failures, self.failures
        assert all(self.times.values()) and len(self.times) == len(self.threads)

    def go(self, text: str) -> None:
        try:
            with psycopg.connect(self.conninfo, autocommit=True) as connection:
                while not self.stopping.is_set():
                    begun = time.monotonic()
                    connection.execute(text)
                    self.times.setdefault(text, []).append(time.monotonic() - begun)
        except psycopg.Error as error:
            self.failures.append(str(error))

    @property
    def slowest(self) -> float:
        return max(max(times) for times in self.times.values())
