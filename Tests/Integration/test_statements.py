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
        return cursor.fetchall()

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
