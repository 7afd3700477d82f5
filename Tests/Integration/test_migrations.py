"""Every change of the schema can be undone: its revert leaves what was there before its deploy."""

import re
import uuid
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from stack import Failure, Postgres, wait_until
from stack.postgres import MIGRATIONS

CHANGES = [line.split()[0] for line in (MIGRATIONS / "sqitch.plan").read_text().splitlines() if re.match(r"\w", line)]
# The roles belong to the whole server, which other tests use.
KEPT = CHANGES.index("roles") + 1
# Their settings as well: no dump of a database shows them.
OF_THE_CLUSTER = {"jit"}


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
        assert dump() != former[change] or change in OF_THE_CLUSTER, change
        names = postgres.sql(database, "select name from sluice.schema_change").split()
        assert change in names
    for before, change in reversed(list(zip(CHANGES, CHANGES[1:]))):
        postgres.sqitch(database, "revert", "-y", "--to-change", before)
        # The schema, what is recorded in it aside, is that of the moment before the deploy.
        assert dump() == former[change], change
        if before != "roles":
            names = postgres.sql(database, "select name from sluice.schema_change").split()
            assert change not in names


# What each change locks of what statements that go on meanwhile lock too, several tables in one transaction.
LOCKED = {
    "routing": ["node", "virtual_model", "model_route", "credential", "turn"],
    "delivery": ["virtual_model", "surface", "turn"],
    "access": ["surface", "virtual_model", "identity"],
    "usage": ["surface", "virtual_model", "identity", "turn"],
    "audit": ["node", "surface", "virtual_model", "model_route", "identity", "role", "turn"],
    "privacy": ["conversation", "message", "turn", "turn_delta", "idempotency"],
}


@pytest.mark.parametrize(("change", "table"), [(change, table) for change in LOCKED for table in LOCKED[change]])
def test_a_change_is_no_deadlock_with_who_locks_its_tables_in_another_order(
    postgres: Postgres, database: str, change: str, table: str
):
    postgres.sqitch(database, "deploy", "--verify", "--to-change", CHANGES[CHANGES.index(change) - 1])
    waits = "select count(*) from pg_locks where not granted and database = (select oid from pg_database where datname = "
    with (
        psycopg.connect(postgres.conninfo(database, user="postgres"), autocommit=True) as watch,
        psycopg.connect(postgres.conninfo(database, user="postgres")) as start,
        ThreadPoolExecutor() as threads,
    ):
        start.execute(f"lock table sluice.{table} in row share mode")
        deploying = threads.submit(postgres.sqitch, database, "deploy", "--verify", "--to-change", change)
        wait_until(lambda: watch.execute(f"{waits} '{database}')").fetchone()[0], "the change to wait")
        for other in LOCKED[change]:
            start.execute(f"lock table sluice.{other} in row share mode")
        start.commit()
        deploying.result()


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


def test_a_limit_that_was_set_goes_on_and_the_default_follows_the_other(postgres: Postgres, database: str):
    """What limited the wait for the first data before still does, and no new limit cuts it short."""
    before = CHANGES[CHANGES.index("route_timeouts") - 1]
    postgres.sqitch(database, "deploy", "--verify", "--to-change", before)
    postgres.sql(
        database,
        "with m as (insert into sluice.virtual_model (name, title) values ('m', 'm') returning id)"
        " insert into sluice.model_route (model_id, driver, provider_model, region, first_byte_timeout_ms)"
        " select id, 'openai', t::text, 'http://127.0.0.1:1', t from m, unnest(array[5000, 60000, 300000]) as t",
    )
    limits = (
        "select coalesce(first_byte_timeout_ms::text, '-') || ' ' || coalesce(first_token_timeout_ms::text, '-')"
        " from sluice.model_route order by provider_model::int"
    )
    postgres.deploy(database)
    assert postgres.sql(database, limits).splitlines() == ["5000 -", "- -", "300000 -"]
    postgres.sql(database, "update sluice.model_route set first_token_timeout_ms = 90000 where provider_model = '60000'")
    postgres.sqitch(database, "revert", "-y", "--to-change", before)
    kept = "select first_byte_timeout_ms from sluice.model_route order by provider_model::int"
    assert postgres.sql(database, kept).splitlines() == ["5000", "90000", "300000"]


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
