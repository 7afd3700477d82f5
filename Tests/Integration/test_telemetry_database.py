"""What /metrics says while the database is slow, lost or shut."""

import os
import signal
import threading
import uuid
from contextlib import contextmanager
from pathlib import Path

import psycopg
import requests
from scrape import Scrape, moves, settled, until


@contextmanager
def stopped(postgres):
    """A PostgreSQL that stands still."""
    top = postgres.process.pid
    pids = [top, *(int(child) for child in Path(f"/proc/{top}/task/{top}/children").read_text().split())]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@contextmanager
def shut_out(deployment):
    """A database that lets nobody in and has thrown out all but the test."""
    name = deployment.database
    deployment.postgres.sql("postgres", f'alter database "{name}" allow_connections false')
    deployment.throw_out()
    try:
        yield
    finally:
        deployment.postgres.sql("postgres", f'alter database "{name}" allow_connections true')


@moves(
    "sluice_flush_retries_total",
    "sluice_ending_turns",
    "sluice_database_failures_total",
    "sluice_database_connects_total",
)
def test_a_connection_that_is_lost_costs_a_retry(deployment, node):
    client = deployment.client()
    before = settled(node)
    turn = client.start(model=deployment.model("rate=200;tokens=100000").name).read_some(10)
    chunks, end = ('sluice_flush_retries_total{write="chunks"}', 'sluice_flush_retries_total{write="end"}')

    def lost(now: Scrape) -> bool:
        deployment.throw_out("sluice flusher")
        return chunks in now.since(before)

    # A flush is under way nearly always, but not always.
    until(node, lost, "a flush to be lost")
    with psycopg.connect(deployment.postgres.conninfo(deployment.database, "postgres")) as locker:
        locker.execute("select from sluice.conversation where id = %s for update", [turn.conversation])
        turn.cancel()
        until(node, lambda now: now["sluice_ending_turns"] == 1, "the end to wait for the row")
        deployment.throw_out()
        until(node, lambda now: end in now.since(before), "the end to be repeated")
    turn.read()
    after = settled(node)
    assert after.since(before)['sluice_turns_ended_total{state="cancelled"}'] == 1
    for pool in ("common", "flusher"):
        lost_key = f'sluice_database_failures_total{{code="lost",pool="{pool}"}}'
        assert after[lost_key] > before[lost_key]
        connects = f'sluice_database_connects_total{{pool="{pool}"}}'
        assert after[connects] > before[connects]


@moves("sluice_database_connections", "sluice_database_waiting", "sluice_lease_remaining_seconds")
def test_a_database_that_lets_nobody_in_is_seen(deployment, node):
    client = deployment.client()
    before = Scrape.of(node)
    assert before.family("sluice_database_connections") == {
        'sluice_database_connections{pool="common"}': 4,
        'sluice_database_connections{pool="flusher"}': 1,
        'sluice_database_connections{pool="lease"}': 1,
    }
    assert 5 < before["sluice_lease_remaining_seconds"] <= 10
    with shut_out(deployment):
        until(node, lambda now: now.sum("sluice_database_connections") == 0, "all connections to be gone")
        statuses: list[int] = []
        path = f"/chat/{uuid.uuid4()}/poll"
        asking = threading.Thread(target=lambda: statuses.append(client.request("GET", path).status_code))
        asking.start()
        until(node, lambda now: now['sluice_database_waiting{pool="common"}'] >= 1, "the poll to wait")
        asking.join()
        assert statuses == [503]
        after = until(node, lambda now: now["sluice_lease_remaining_seconds"] == 0, "the lease to lapse", 15)
        unavailable = 'sluice_database_failures_total{code="unavailable",pool="common"}'
        assert after[unavailable] > before[unavailable]
        assert after.since(before)['sluice_refusals_total{code="unavailable"}'] == 1
        status = requests.get(f"{deployment.nginx.operator_url}/status?format=json", timeout=10).json()
        assert status["node"]["state"] == "no database" and status["nodes"] is None
        assert [row["up"] for row in status["database"]] == [0, 0, 0]
        assert all("not currently accepting connections" in row["last_failure"] for row in status["database"])
    until(node, lambda now: now["sluice_lease_remaining_seconds"] > 5, "the lease to be renewed")
    until(node, lambda now: now.sum("sluice_database_connections") == 6, "all connections to be back")


@moves(
    "sluice_bound_hits_total",
    "sluice_flush_turns",
    "sluice_flush_dirty_turns",
    "sluice_database_in_flight",
    "sluice_turns_live",
    "sluice_turn_oldest_age_seconds",
    "sluice_upstream_running",
)
def test_what_cannot_be_written_is_seen(own_postgres, deploy):
    deployment = deploy(own_postgres)
    node = deployment.add_node()
    deployment.add_nginx()
    client = deployment.client()
    model = deployment.model("rate=2000;tokens=100000").name
    other = deployment.model("rate=50;tokens=100000").name
    before = settled(node)
    first = client.start(model=model).read_some(10)
    second = deployment.client().start(model=other).read_some(10)
    third = deployment.client().start(model=other).read_some(10)
    with stopped(own_postgres):
        window = 'sluice_bound_hits_total{bound="uncommitted_bytes"}'
        # The first turn's upstream is paused; of the others, what is new waits behind the flush under way.
        until(
            node,
            lambda now: (
                now.since(before).get(window) == 1
                and now["sluice_flush_turns"] + now["sluice_flush_dirty_turns"] >= 3
                and now['sluice_database_in_flight{pool="flusher"}'] == 1
            ),
            "the flush to stand still",
        )
        third.cancel()
        until(node, lambda now: now["sluice_upstream_running"] == 2, "the third's upstream to be closed")
        looked = Scrape.of(node)
        assert looked["sluice_turns_live"] == 3 and looked["sluice_turn_oldest_age_seconds"] > 0
        status = requests.get(f"{deployment.nginx.operator_url}/status?format=json", timeout=10).json()
        assert status["turns"]["live"] == 3 and status["nodes"] is None
    for turn in (first, second):
        turn.cancel()
    for turn in (first, second, third):
        assert turn.read().state == "cancelled"
    after = settled(node)
    assert after['sluice_turns_ended_total{state="cancelled"}'] == 3
    # What waited took its time.
    assert after["sluice_flush_seconds_sum"] - before["sluice_flush_seconds_sum"] > 0.1
