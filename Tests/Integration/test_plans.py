"""Every statement of SQL/ finds its rows by an index, however large the tables grow."""

import base64
import os
import re
from pathlib import Path

import psycopg
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "SQL"
SQL = sorted(FOLDER.glob("*.sql"))
GROWING = "turn|turn_delta|turn_delta_[0-7]|message|conversation|idempotency|identity|identity_link"

# A day each, so that every leaf of the ring is filled.
FILL = """
create temp table made as
select
  n, gen_random_uuid() as conversation, gen_random_uuid() as identity, gen_random_uuid() as question,
  (lpad(to_hex((extract(epoch from now() - n % 8 * interval '1 day') * 1000)::bigint), 12, '0')
    || '7000a000' || lpad(to_hex(n), 12, '0'))::uuid as turn
from generate_series(1, @turns@) n;
insert into identity (id, kind) select identity, 'person' from made;
insert into identity_link (surface_id, external_id, identity_id)
  select s.id, n::text, identity from made, surface s where s.name = 'web';
insert into conversation (id, identity_id, surface_id, updated_at)
  select conversation, identity, s.id, now() - n * interval '1 minute' from made, surface s where s.name = 'web';
-- One of them has many conversations.
insert into conversation (id, identity_id, surface_id, updated_at)
  select gen_random_uuid(), one.identity, s.id, now() - m * interval '1 minute'
  from (select identity from made limit 1) one, generate_series(1, 20000) m, surface s where s.name = 'web';
insert into message (conversation_id, id, role, parts) select conversation, question, 'user', '[]' from made;
-- And one conversation many messages.
insert into message (conversation_id, id, parent_id, role, parts, created_at)
  select conversation, gen_random_uuid(), question, 'assistant', '[]', now() - m * interval '1 minute'
  from (select conversation, question from made limit 1) one, generate_series(1, 20000) m;
insert into turn (id, conversation_id, identity_id, surface_id, user_message_id, message_id, model_name, durability,
    on_interrupt, owner, state, chunks, ended_at)
  select turn, conversation, identity, s.id, question, gen_random_uuid(), 'm', 'commit', 'keep', gen_random_uuid(),
    'done', 1, now()
  from made, surface s where s.name = 'web';
insert into turn_delta (turn_id, epoch, seq, slot, events)
  select turn, 1, seq, (extract(epoch from uuid_time(turn))::numeric * 1000)::bigint / 86400000 % 8, '{}'
  from made, generate_series(1, @chunks@) seq;
insert into idempotency (identity_id, key, turn_id, body_hash)
  select identity, 'k', turn, sha256('') from made;
analyze;
"""


# So many turns that a scan would cost more than an index does; and as many as a busy site writes in months, which takes
# minutes to fill.
@pytest.fixture(scope="module", params=[20_000, pytest.param(1_000_000, marks=pytest.mark.torture)])
def filled(postgres, programs, tmp_path_factory, request):
    from deployment import Deployment

    with Deployment(postgres, programs, tmp_path_factory.mktemp("plans")) as deployment:
        chunks = 5 if request.param < 1_000_000 else 1
        deployment.sql.execute(FILL.replace("@turns@", str(request.param)).replace("@chunks@", str(chunks)))
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


@pytest.mark.parametrize("path", SQL, ids=lambda path: path.stem)
def test_policies_change_no_plan(filled, path):
    """What the program asks is planned as if there were no row-level security."""
    text = path.read_text()
    count = max(map(int, re.findall(r"\$(\d+)", text)), default=0)
    values = f"({', '.join(['null'] * count)})" if count else ""
    plans = []
    for role in ("sluice_owner", "sluice_app"):
        filled.execute(f"set role {role}")
        try:
            filled.execute(f"prepare {path.stem}_{role} as {text}")
            plan = filled.execute(f"explain (costs off) execute {path.stem}_{role}{values}").fetchall()
            plans.append([row["QUERY PLAN"] for row in plan])
        except psycopg.errors.InsufficientPrivilege:
            # One of an operator, or of another role.
            assert role == "sluice_app" and re.match(r"admin_|identity_e|conversation_export|check_sealed", path.stem)
            pytest.skip("the program does not ask this")
        finally:
            filled.execute("reset role")
    assert plans[0] == plans[1]


def buffers(sql, statement: str) -> int:
    """Pages of tables, indexes and TOAST that a statement looks at."""
    [row] = sql.execute(f"explain (analyze, buffers, timing off, format json) {statement}").fetchall()
    plan = row["QUERY PLAN"][0]["Plan"]
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]


def test_a_page_reads_no_more_parts_than_it_returns_and_one_message(filled):
    """Large messages are stored apart: those beyond the page's bytes stay there."""
    owner = filled.execute("select id, identity_id from conversation limit 1 offset 100").fetchone()
    for _ in range(40):
        data = base64.b64encode(os.urandom(150_000)).decode()
        filled.execute(
            "insert into message (conversation_id, id, role, parts) values (%s, gen_random_uuid(), 'user',"
            " jsonb_build_array(jsonb_build_object('type', 'text', 'text', %s::text)))",
            [owner["id"], data],
        )
    filled.execute(f"prepare parts_page as {(FOLDER / 'message_list.sql').read_text()}")
    page = "execute parts_page('{id}', '{identity_id}', null, null, 200, 1000000)".format(**owner)
    returned = filled.execute(page).fetchall()
    assert 3 <= len(returned) < 10
    needed = (
        "select octet_length(parts::text) from (select parts from message where conversation_id = '{id}'"
        " order by created_at desc, id desc limit {count}) as newest"
    )
    least = buffers(filled, needed.format(**owner, count=len(returned) + 1))
    assert least > 100
    # And a look at an index or two for each message.
    assert buffers(filled, page) <= least + 20 * (len(returned) + 1)


def test_a_merge_looks_at_the_rows_of_who_goes_alone(filled):
    """However many others there are; its statements are not in SQL/, but in a function."""
    filled.execute(
        "insert into usage_ledger (turn_id, identity_id, surface_id, model_name, state, estimated, input_tokens,"
        " output_tokens, cached_tokens, reasoning_tokens, started_at, ended_at)"
        " select id, identity_id, surface_id, 'm', 'done', false, 1, 1, 0, 0, now(), now() from turn"
    )
    filled.execute("analyze usage_ledger")
    rows = filled.execute("select identity_id from turn offset 100 limit 2").fetchall()
    gone, kept = (row["identity_id"] for row in rows)
    with filled.transaction(force_rollback=True):
        before = filled.execute("select relname, seq_scan from pg_stat_xact_user_tables").fetchall()
        merged = filled.execute("select identity_merge(%s, %s) as outcome", [gone, kept]).fetchone()
        assert merged["outcome"] == "done"
        after = filled.execute(
            "select relname, seq_scan, n_tup_upd from pg_stat_xact_user_tables where schemaname = 'sluice'"
        ).fetchall()
    before = {row["relname"]: row["seq_scan"] or 0 for row in before}
    scanned = {row["relname"] for row in after if (row["seq_scan"] or 0) > before.get(row["relname"], 0)}
    assert not [name for name in scanned if re.fullmatch(f"{GROWING}|usage_ledger", name)]
    # Both have used the same key.
    changed = {row["relname"]: row["n_tup_upd"] for row in after if row["n_tup_upd"]}
    assert changed == {"identity": 2, "identity_link": 1, "conversation": 1, "turn": 1, "usage_ledger": 1}


def test_turns_in_a_rare_state_are_looked_for_among_the_newest_alone(filled):
    filled.execute(f"prepare rare as {(FOLDER / 'admin_turns.sql').read_text()}")
    plan = [
        row["QUERY PLAN"]
        for row in filled.execute(
            "explain (analyze, timing off) execute rare('recent', null, null, 'error', 50, 500)"
        ).fetchall()
    ]
    scans = [line for line in plan if re.search(r" on turn\b", line) and "never executed" not in line]
    read = [int(rows) * int(loops) for rows, loops in re.findall(r"actual rows=(\d+) loops=(\d+)", "\n".join(scans))]
    removed = [int(line.split(":")[1]) for line in plan if "Rows Removed" in line]
    assert scans and 500 <= sum(read) <= 510, "\n".join(plan)
    assert sum(removed) <= 500, "\n".join(plan)


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("conversation_list", "conversation_identity_id_updated_at_idx"),
        ("message_list", "message_conversation_id_created_at_idx"),
    ],
)
def test_a_page_reads_no_more_rows_than_it_shows(filled, name, index):
    """However far back the page lies: its place is part of what the index is asked for."""
    text = (FOLDER / f"{name}.sql").read_text()
    filled.execute(f"prepare page_{name} as {text}")
    if name == "conversation_list":
        key = filled.execute("select identity_id from conversation group by 1 order by count(*) desc limit 1")
        values = "'{identity_id}', {at}, null, 50, 1000"
    else:
        key = filled.execute(
            "select m.conversation_id, c.identity_id from message m join conversation c on c.id = m.conversation_id"
            " group by 1, 2 order by count(*) desc limit 1"
        )
        values = "'{conversation_id}', '{identity_id}', {at}, null, 50, 1000"
    owner = key.fetchone()
    # The oldest of twenty thousand, a minute apart.
    at = filled.execute(
        "select (extract(epoch from now() - 19990 * interval '1 minute') * 1000000)::bigint as at"
    ).fetchone()
    values = values.format(**owner, **at)
    plan = [
        row["QUERY PLAN"]
        for row in filled.execute(f"explain (analyze, timing off) execute page_{name}({values})").fetchall()
    ]
    scan = [line for line in plan if index in line]
    assert scan, "\n".join(plan)
    rows = [int(re.search(r"actual rows=(\d+)", line)[1]) for line in scan]
    assert max(rows) <= 51, "\n".join(plan)
    removed = [int(line.split(":")[1]) for line in plan if "Rows Removed by Filter" in line]
    assert sum(removed) <= 1, "\n".join(plan)
