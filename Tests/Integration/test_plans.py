"""Every statement of SQL/ finds its rows by an index, however large the tables grow."""

import re
from pathlib import Path

import pytest

SQL = sorted((Path(__file__).resolve().parents[2] / "SQL").glob("*.sql"))
GROWING = "turn|turn_delta|turn_delta_[0-7]|message|conversation|idempotency|identity|identity_link"

# A day each, so that every leaf of the ring is filled.
FILL = """
create temp table made as
select
  n, gen_random_uuid() as conversation, gen_random_uuid() as identity, gen_random_uuid() as question,
  (lpad(to_hex((extract(epoch from now() - n % 8 * interval '1 day') * 1000)::bigint), 12, '0')
    || '7000a000' || lpad(to_hex(n), 12, '0'))::uuid as turn
from generate_series(1, 20000) n;
insert into identity (id, kind) select identity, 'person' from made;
insert into identity_link (surface_id, external_id, identity_id)
  select s.id, n::text, identity from made, surface s where s.name = 'web';
insert into conversation (id, identity_id, surface_id)
  select conversation, identity, s.id from made, surface s where s.name = 'web';
insert into message (conversation_id, id, role, parts) select conversation, question, 'user', '[]' from made;
insert into turn (id, conversation_id, identity_id, surface_id, user_message_id, message_id, model_name, durability,
    on_interrupt, owner, state, chunks, ended_at)
  select turn, conversation, identity, s.id, question, gen_random_uuid(), 'm', 'commit', 'keep', gen_random_uuid(),
    'done', 1, now()
  from made, surface s where s.name = 'web';
insert into turn_delta (turn_id, epoch, seq, slot, events)
  select turn, 1, seq, (extract(epoch from uuid_time(turn))::numeric * 1000)::bigint / 86400000 % 8, '{}'
  from made, generate_series(1, 5) seq;
insert into idempotency (identity_id, key, turn_id, body_hash)
  select identity, 'k', turn, sha256('') from made;
analyze;
"""


@pytest.fixture(scope="module")
def filled(postgres, programs, tmp_path_factory):
    from deployment import Deployment

    with Deployment(postgres, programs, tmp_path_factory.mktemp("plans")) as deployment:
        deployment.sql.execute(FILL)
        # The plan that a prepared statement ends up with; no leaf may hide behind pruning.
        deployment.sql.execute("set plan_cache_mode = force_generic_plan; set enable_partition_pruning = off")
        yield deployment.sql


@pytest.mark.parametrize("path", SQL, ids=lambda path: path.stem)
def test_no_growing_table_is_scanned(filled, path):
    text = path.read_text()
    count = max(map(int, re.findall(r"\$(\d+)", text)), default=0)
    filled.execute(f"prepare {path.stem} as {text}")
    values = f"({', '.join(['null'] * count)})" if count else ""
    plan = [row["QUERY PLAN"] for row in filled.execute(f"explain execute {path.stem}{values}").fetchall()]
    scans = [line for line in plan if re.search(rf"Seq Scan on ({GROWING})\b", line)]
    assert not scans, "\n".join(plan)
