"""Statements of SQL/ whose verdict hangs on PostgreSQL's clock, run on rows made for it."""

import uuid
from pathlib import Path

import psycopg
import pytest

SQL = Path(__file__).resolve().parents[2] / "SQL"


@pytest.fixture
def nodes(deploy):
    """A database without nodes: `add(lease, renewed, contact)` makes one, in seconds from now."""
    deployment = deploy()

    def add(lease: float, renewed: float = -1, contact: float = -60) -> uuid.UUID:
        incarnation = uuid.uuid4()
        deployment.sql.execute(
            "insert into node (incarnation, tag, host, version, lease_until, renewed_at, contact_since)"
            " select %s, 1, 'test', '0', clock_timestamp() + %s * i, clock_timestamp() + %s * i,"
            " clock_timestamp() + %s * i from (values (interval '1 second')) as unit (i)",
            [incarnation, lease, renewed, contact],
        )
        return incarnation

    def run(statement: str, *parameters):
        cursor = psycopg.RawCursor(deployment.sql)
        cursor.execute((SQL / f"{statement}.sql").read_text(), parameters)
        return cursor.fetchall() if cursor.description else []

    deployment.add_row, deployment.run = add, run
    return deployment


@pytest.mark.parametrize(
    ("judge", "voids"),
    [
        ({"lease": 9}, True),
        ({"lease": -1}, False),  # its own lease has lapsed
        ({"lease": 9, "contact": -8}, False),  # not one full lease of contact
        ({"lease": 4, "renewed": -6}, False),  # nothing was heard of it for a while: who stood still?
    ],
)
def test_only_a_node_in_unbroken_contact_may_judge(nodes, judge, voids):
    incarnation, dead, living = nodes.add_row(**judge), nodes.add_row(-0.1), nodes.add_row(0.9)
    voided = nodes.run("node_void", incarnation, 10_000)
    assert [row["incarnation"] for row in voided] == ([dead] if voids else [])
    rows = nodes.sql.execute("select incarnation from node where voided_at is not null").fetchall()
    assert [row["incarnation"] for row in rows] == ([dead] if voids else [])
    assert living not in [row["incarnation"] for row in rows]


def test_a_gap_between_renewals_begins_the_contact_anew(nodes):
    steady, late = nodes.add_row(7, renewed=-3), nodes.add_row(-1, renewed=-11)
    assert nodes.run("node_renew", steady, 10_000) and nodes.run("node_renew", late, 10_000)
    ages = nodes.sql.execute(
        "select incarnation, extract(epoch from clock_timestamp() - contact_since)::float as age from node"
    ).fetchall()
    ages = {row["incarnation"]: row["age"] for row in ages}
    assert ages[steady] > 50
    assert ages[late] < 5


def test_a_voided_node_cannot_renew(nodes):
    voided = nodes.add_row(5)
    nodes.sql.execute("update node set voided_at = now()")
    assert nodes.run("node_renew", voided, 10_000) == []


def test_a_late_repetition_of_a_start_gives_the_conversation_back(nodes):
    """As a stalled backend would run it when the turn has long ended."""
    identity = nodes.insert("identity", kind="anonymous")["id"]
    surface = nodes.sql.execute("select id from surface where name = 'web'").fetchone()["id"]
    model, node = nodes.model(), nodes.add_row(9)
    conversation, turn, question, answer = (uuid.uuid4() for _ in range(4))

    def start(new: bool):
        with nodes.sql.transaction():
            taken = nodes.run(
                *("start_take", node, identity, surface, model.name, conversation, new, turn, 0, None, False),
                *([], 4_096),
            )
            nodes.run(
                *("start_turn", turn, conversation, identity, surface, question, "[]", answer, node, model.name, "{}"),
                *(False, None, None),
            )
            return taken[0]["taken"], nodes.run("start_history", turn, 4, 1000, 1 << 24, node)

    taken, history = start(True)
    assert taken == 1 and len(history) == 1
    assert nodes.run("start_history", turn, 4, 1000, 1 << 24, nodes.add_row(10)) == [], "it is another node's turn"
    assert start(False)[1], "a repetition in time goes on with the turn"
    nodes.sql.execute("update turn set state = 'done', chunks = 1, ended_at = now() where id = %s", [turn])
    nodes.sql.execute("update conversation set live_turn = null where id = %s", [conversation])
    taken, history = start(False)
    assert history == []
    row = nodes.sql.execute("select live_turn from conversation where id = %s", [conversation]).fetchone()
    assert row["live_turn"] is None


def test_turns_with_long_logs_are_reaped(nodes):
    """As many turns as the reaper takes at once, of ten thousand chunks each, in one statement well inside the program's statement time-out."""
    identity = nodes.insert("identity", kind="anonymous")["id"]
    surface = nodes.sql.execute("select id from surface where name = 'web'").fetchone()["id"]
    dead = nodes.add_row(-1)
    nodes.sql.execute("update node set voided_at = now()")
    nodes.sql.execute(
        "with c as (insert into conversation (id, identity_id, surface_id, live_turn)"
        " select gen_random_uuid(), %(identity)s, %(surface)s,"
        " ('01a1fd74-bc3b-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid from generate_series(1, 20) n"
        " returning id, live_turn), m as (insert into message (conversation_id, id, role, parts)"
        " select id, live_turn, 'user', '[]' from c)"
        " insert into turn (id, conversation_id, identity_id, surface_id, user_message_id, message_id, model_name,"
        " durability, on_interrupt, owner)"
        " select live_turn, id, %(identity)s, %(surface)s, live_turn, gen_random_uuid(), 'm', 'commit', 'keep',"
        " %(dead)s from c",
        {"identity": identity, "surface": surface, "dead": dead},
    )
    nodes.sql.execute(
        "insert into turn_delta (turn_id, epoch, seq, slot, events)"
        " select t.id, 1, seq, (extract(epoch from uuid_time(t.id))::numeric * 1000)::bigint / 86400000 %% 8,"
        """ '{"type":"text","text":"' || seq || ' "}' from turn t, generate_series(1, 10000) seq""",
        [],
    )
    nodes.sql.execute("set statement_timeout = '10s'")
    end = '{"type":"end","state":"interrupted"}'
    assert len(nodes.run("turn_reap", 20, end, end, None, [], 4, 1000)) == 20
    text = "".join(f"{n} " for n in range(1, 10001))
    rows = nodes.sql.execute("select parts->0->>'text' as text from message where role = 'assistant'").fetchall()
    assert len(rows) == 20 and all(row["text"] == text for row in rows)
    ends = nodes.sql.execute("select count(*) as n from turn_delta where final and seq = 10001").fetchone()
    assert ends["n"] == 20


def test_a_long_conversation_is_deleted_within_the_time_out(nodes):
    """Twenty thousand messages, each of which another follows: their foreign key must find those by an index."""
    identity = nodes.insert("identity", kind="anonymous")["id"]
    surface = nodes.sql.execute("select id from surface where name = 'web'").fetchone()["id"]
    conversation = uuid.uuid4()
    nodes.insert("conversation", id=conversation, identity_id=identity, surface_id=surface)
    nodes.sql.execute(
        "insert into message (conversation_id, id, parent_id, role, parts)"
        " select %(conversation)s, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,"
        " case when n > 1 then ('00000000-0000-7000-8000-' || lpad(to_hex(n - 1), 12, '0'))::uuid end, 'user', '[]'"
        " from generate_series(1, 20000) n",
        {"conversation": conversation},
    )
    with nodes.sql.transaction():
        nodes.sql.execute("set local role sluice_app; set local statement_timeout = '10s'")
        assert nodes.run("conversation_lock", conversation, identity)[0]["live_turn"] is None
        nodes.run("conversation_delete", conversation, identity)
    assert nodes.sql.execute("select count(*) as n from message").fetchone()["n"] == 0
