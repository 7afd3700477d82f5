"""Every change of the schema can be undone: its revert leaves what was there before its deploy."""

import re
import uuid

import pytest
from stack import Failure, Postgres
from stack.postgres import MIGRATIONS

CHANGES = [line.split()[0] for line in (MIGRATIONS / "sqitch.plan").read_text().splitlines() if re.match(r"\w", line)]
# The roles belong to the whole server, which other tests use.
KEPT = CHANGES.index("roles") + 1


@pytest.fixture
def database(postgres: Postgres):
    name = f"test_{uuid.uuid4().hex}"
    postgres.create(name)
    yield name
    postgres.drop(name)


def test_each_revert_undoes_its_deploy(postgres: Postgres, database: str):
    def dump() -> str:
        text = postgres.run("pg_dump", "--schema-only", "--exclude-schema=sqitch", "-d", database).stdout
        # The key of a dump is drawn anew each time.
        return re.sub(r"^\\(un)?restrict .*$", "", text, flags=re.MULTILINE)

    former = {}
    postgres.sqitch(database, "deploy", "--verify", "--to-change", "roles")
    for change in CHANGES[KEPT:]:
        former[change] = dump()
        postgres.sqitch(database, "deploy", "--verify", "--to-change", change)
        assert dump() != former[change], change
        names = postgres.sql(database, "select name from sluice.schema_change").split()
        assert change in names
    for before, change in reversed(list(zip(CHANGES, CHANGES[1:]))):
        postgres.sqitch(database, "revert", "-y", "--to-change", before)
        # The schema, what is recorded in it aside, is that of the moment before the deploy.
        assert dump() == former[change], change
        if before != "roles":
            names = postgres.sql(database, "select name from sluice.schema_change").split()
            assert change not in names


def test_an_index_that_broke_off_is_built_anew(postgres: Postgres, database: str):
    postgres.deploy(database)
    postgres.sqitch(database, "revert", "-y", "--to-change", CHANGES[CHANGES.index("message_parent_idx") - 1])
    postgres.sql(
        database,
        "create index message_conversation_id_parent_id_idx on sluice.message (conversation_id, parent_id);"
        "update pg_index set indisvalid = false"
        " where indexrelid = 'sluice.message_conversation_id_parent_id_idx'::regclass",
    )
    postgres.sqitch(database, "deploy", "--verify", "--to-change", "message_parent_idx")


def test_a_credential_that_the_former_schema_cannot_hold_stops_the_revert(postgres: Postgres, database: str):
    postgres.deploy(database)
    postgres.sql(
        database,
        "insert into sluice.credential (name, client_certificate, client_key) values ('gateway', 'file:/c', 'file:/k')",
    )
    before = CHANGES[CHANGES.index("client_certificate") - 1]
    with pytest.raises(Failure, match="null values"):
        postgres.sqitch(database, "revert", "-y", "--to-change", before)
    assert postgres.sql(database, "select client_key from sluice.credential") == "file:/k"
