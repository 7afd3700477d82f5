"""/metrics and /status: every number there is follows what happens, and nothing else."""

import json
import os
import re
import resource
import signal
import socket
import threading
import time
import urllib.request
import uuid
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
import requests
from chat_client import ChatClient, Turn
from scrape import ACTIVITY, Scrape, settled, until
from scripted_provider import STREAM, ScriptedProvider, delta, event
from stack import fastcgi, wait_until

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()
# They say what the process is, not what it does.
CONSTANT = {"sluice_build_info", "process_start_time_seconds"}
# Nobody waits below 10,000 transfers: Tests/UpstreamTests/QueueTests.swift moves it, with narrower bounds.
FAR = {"sluice_upstream_queued"}


def moves(*names: str):
    """The test sees these metrics change; `moved` makes sure that it does."""
    return pytest.mark.moves(*names)


@pytest.fixture(autouse=True)
def moved(request: pytest.FixtureRequest):
    Scrape.taken.clear()
    yield
    for marker in request.node.iter_markers("moves"):
        for name in marker.args:
            looks = [[scrape.family(name) for scrape in scrapes] for scrapes in Scrape.taken.values()]
            assert all(look for scrapes in looks for look in scrapes), f"there is no {name}"
            assert any(look != scrapes[0] for scrapes in looks for look in scrapes), f"{name} has not moved"


@pytest.fixture
def deployment(deploy):
    deployment = deploy()
    deployment.add_node()
    deployment.add_nginx()
    return deployment


@pytest.fixture
def node(deployment):
    return deployment.nodes[0]


class Counted(ChatClient):
    """A visitor who counts its polls."""

    def __init__(self, url: str):
        super().__init__(url)
        self.polls = 0

    def request(self, method: str, path: str, **options):
        self.polls += path.endswith("/poll")
        return super().request(method, path, **options)


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
    throw_out(deployment)
    try:
        yield
    finally:
        deployment.postgres.sql("postgres", f'alter database "{name}" allow_connections true')


def throw_out(deployment, application: str = "sluice") -> None:
    deployment.sql.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and usename = 'sluice_app' and application_name like %s",
        [f"{application}%"],
    )


# --- the page itself


def test_the_page_is_in_prometheus_format(deployment):
    response = requests.get(f"{deployment.nginx.operator_url}/metrics", timeout=10)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    scrape = Scrape(response.text)
    assert response.text.endswith("\n")
    seen = None
    for line in response.text.splitlines():
        if line.startswith("# HELP "):
            seen = line.split()[2]
            assert len(line.split()) > 4, line
        elif line.startswith("# TYPE "):
            assert line.split()[2] == seen, line
        else:
            assert line.startswith(seen), line
    for name, kind in scrape.types.items():
        assert re.fullmatch(r"(sluice|process)(_[a-z]+)+", name), name
        assert (kind == "counter") == name.endswith("_total"), name
        assert kind in {"counter", "gauge", "histogram"}
        assert scrape.help[name].endswith("."), name
    for key in scrape.values:
        assert all(re.fullmatch(r"[a-z0-9_.+]+|\+Inf|[0-9.e-]+", v) for v in re.findall(r'="([^"]*)"', key)), key


def test_histograms_are_cumulative_and_each_bound_is_twice_the_former(deployment):
    deployment.client().start(model=deployment.model("rate=0;tokens=50").name).read()
    scrape = settled(deployment.nodes[0])
    for name in (name for name, kind in scrape.types.items() if kind == "histogram"):
        series: dict[str, list[tuple[str, float]]] = {}
        for key, value in scrape.family(name).items():
            if found := re.fullmatch(rf'{name}_bucket{{le="([^"]+)"(,.*)?}}', key):
                series.setdefault(found[2] or "", []).append((found[1], value))
        assert series
        for labels, buckets in series.items():
            bounds = [float(bound) for bound, _ in buckets]
            counts = [count for _, count in buckets]
            assert bounds[-1] == float("inf") and counts == sorted(counts)
            assert all(b == pytest.approx(2 * a) for a, b in zip(bounds[:-2], bounds[1:-1], strict=True))
            suffix = f"{{{labels[1:]}}}" if labels else ""
            assert counts[-1] == scrape[f"{name}_count{suffix}"]


def test_the_readme_lists_every_metric(node):
    table = README[README.index("### Metrics") :]
    table = table[: table.index("\n## ")]
    listed = re.findall(r"^\| `([a-z_]+)`(?: by ([^|]*?))? \| (\w+) \|", table, re.M)
    scrape = Scrape.of(node)
    labels = {
        name: sorted({label for key in scrape.family(name) for label in re.findall(r'(\w+)="', key)} - {"le"})
        for name in scrape.types
    }
    assert [name for name, _, _ in listed] == list(scrape.types)
    assert {name: kind for name, _, kind in listed} == scrape.types
    assert {name: sorted(re.findall(r"`(\w+)`", by)) for name, by, _ in listed} == labels


def test_the_error_codes_of_the_readme_have_their_series(node):
    errors = README[README.index("## When things fail") :]
    requests_table, turns_table = errors.split("Errors of a turn come")[:2]
    turns_table = turns_table[: turns_table.index("\n## ")]
    scrape = Scrape.of(node)

    def codes(table: str) -> set[str]:
        rows = re.findall(r"^\| (.*?) \| (.*?) \|", table, re.M)
        return {code for row in rows for cell in row for code in re.findall(r"`([a-z_]+_?[a-z_]*)`", cell)}

    # The front door counts these by reason.
    door = {"bad_request", "body_too_large", "headers_too_large"}
    refused = {key.split('"')[1] for key in scrape.family("sluice_refusals_total")}
    rows = re.findall(r"^\| [45]\d\d.*? \| (.*?) \|", requests_table, re.M)
    listed = {code for row in rows for code in re.findall(r"`([a-z_]+)`", row)} - {"poll_after_ms", "wait", "reader"}
    assert len(listed) > 20
    assert listed - door <= refused
    assert len(codes(turns_table)) > 10
    assert codes(turns_table) <= {key.split('"')[1] for key in scrape.family("sluice_turn_errors_total")}


def test_every_metric_is_moved_by_a_test(node):
    tests = [value for name, value in globals().items() if name.startswith("test_")]
    marks = [mark for test in tests for mark in getattr(test, "pytestmark", []) if mark.name == "moves"]
    assert {name for mark in marks for name in mark.args} == set(Scrape.of(node).types) - CONSTANT - FAR


# --- turns


@moves(
    "sluice_sessions_total",
    "sluice_starts_total",
    "sluice_polls_total",
    "sluice_requests_total",
    "sluice_received_bytes_total",
    "sluice_sent_bytes_total",
    "sluice_turns_ended_total",
    "sluice_text_deltas_total",
    "sluice_text_bytes_total",
    "sluice_model_tokens_total",
    "sluice_time_to_first_token_seconds",
    "sluice_inter_token_seconds",
    "sluice_flush_rows",
    "sluice_flush_bytes",
    "sluice_flush_seconds",
    "sluice_end_seconds",
    "sluice_upstream_started_total",
    "sluice_upstream_received_bytes_total",
    "sluice_database_transaction_seconds",
    "process_cpu_seconds_total",
)
def test_a_turn_counts_exactly(deployment, node):
    model = deployment.model("rate=200;tokens=60")
    before = settled(node)
    client = Counted(deployment.nginx.url)
    client.open_session()
    turn = client.start(model=model.name).read()
    after = settled(node)
    changes = after.since(before)
    immediate, woken = (changes.pop(f'sluice_polls_total{{outcome="{how}"}}', 0) for how in ("immediate", "woken"))
    assert immediate + woken == client.polls and woken > 0
    flushes = changes.pop("sluice_flush_seconds_count")
    assert flushes == changes.pop("sluice_flush_rows_count") == changes.pop("sluice_flush_bytes_count") >= 1
    assert changes.pop("sluice_upstream_received_bytes_total") > len(turn.text.encode())
    assert changes == {
        "sluice_sessions_total": 1,
        'sluice_starts_total{outcome="started"}': 1,
        "sluice_requests_total": 2 + client.polls,
        'sluice_turns_ended_total{state="done"}': 1,
        "sluice_text_deltas_total": 60,
        "sluice_text_bytes_total": len(turn.text.encode()),
        'sluice_model_tokens_total{kind="input"}': turn.end["usage"]["input_tokens"],
        'sluice_model_tokens_total{kind="output"}': turn.end["usage"]["output_tokens"],
        "sluice_time_to_first_token_seconds_count": 1,
        # 60 tokens have 59 gaps, however they were packed.
        "sluice_inter_token_seconds_count": 59,
        "sluice_end_seconds_count": 1,
        "sluice_upstream_started_total": 1,
    }
    # 60 tokens at 200 a second take 0.3 s, nearly all of it between tokens.
    assert 0.2 < after["sluice_inter_token_seconds_sum"] - before["sluice_inter_token_seconds_sum"] < 10
    # What the flusher wrote are the first rows; the end wrote the rest.
    rows = after["sluice_flush_rows_sum"] - before["sluice_flush_rows_sum"]
    [stored] = deployment.sql.execute(
        "select count(*) filter (where seq > %(rows)s) as by_the_end,"
        " sum(octet_length(events)) filter (where seq <= %(rows)s) as bytes from turn_delta where turn_id = %(turn)s",
        {"rows": rows, "turn": turn.id},
    ).fetchall()
    assert stored["by_the_end"] >= 1
    assert after["sluice_flush_bytes_sum"] - before["sluice_flush_bytes_sum"] == stored["bytes"]


def test_a_hundred_turns_count_a_hundred_times(deployment, node):
    model = deployment.model("rate=0;tokens=20;batch=5")
    before = settled(node)
    answers: list[dict] = []

    def visit() -> None:
        client = deployment.client()
        for _ in range(10):
            answers.append(client.ask(model=model.name))

    threads = [threading.Thread(target=visit) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    changes = settled(node).since(before)
    assert len(answers) == 100
    assert changes['sluice_turns_ended_total{state="done"}'] == changes['sluice_starts_total{outcome="started"}'] == 100
    assert changes["sluice_text_deltas_total"] == 2000
    assert changes["sluice_inter_token_seconds_count"] == 1900
    assert changes["sluice_time_to_first_token_seconds_count"] == 100
    # Classic readers wait too, but they do not poll.
    assert not any(key.startswith("sluice_polls_total") for key in changes)
    assert changes["sluice_requests_total"] == 110


def test_the_first_token_counts_when_it_may_be_read(deployment, node):
    client = deployment.client()
    before = settled(node)
    client.start(model=deployment.model("rate=0;tokens=5;delay=300;first=300").name).read()
    silent = client.start(model=deployment.model("fault=status;status=500").name).read()
    after = settled(node)
    assert silent.text == ""
    assert after.since(before)["sluice_time_to_first_token_seconds_count"] == 1
    name = "sluice_time_to_first_token_seconds"
    assert 0.6 <= after[f"{name}_sum"] - before[f"{name}_sum"] < 20
    # Nothing was that quick.
    bound = f'{name}_bucket{{le="0.4096"}}'
    assert after[bound] == before[bound]


def test_a_repeated_start_counts_as_such(deployment, node):
    client = deployment.client()
    model = deployment.model("rate=0;tokens=5")
    key = uuid.uuid4().hex
    before = settled(node)
    client.start(key=key, model=model.name).read()
    client.start(key=key, model=model.name)
    client.post_start({"message": "Hello", "model": model.name}, key=key)
    changes = settled(node).since(before)
    assert changes['sluice_starts_total{outcome="started"}'] == 1
    assert changes['sluice_starts_total{outcome="repeated"}'] == 2
    assert changes['sluice_turns_ended_total{state="done"}'] == 1


@moves("sluice_cancels_total", "sluice_turns_ended_total")
def test_a_cancel_counts_once_for_each_request(deployment, node):
    client = deployment.client()
    before = settled(node)
    turn = client.start(model=deployment.model("rate=50;tokens=5000").name).read_some(5)
    assert turn.cancel().status_code == 202
    turn.read()
    assert turn.cancel().status_code == 200
    assert turn.cancel(token=turn.started["read_token"]).status_code == 403
    changes = settled(node).since(before)
    assert {key: value for key, value in changes.items() if key.startswith("sluice_cancels")} == {
        'sluice_cancels_total{outcome="accepted"}': 1,
        'sluice_cancels_total{outcome="late"}': 1,
        'sluice_cancels_total{outcome="refused"}': 1,
    }
    assert changes['sluice_turns_ended_total{state="cancelled"}'] == 1
    assert changes['sluice_refusals_total{code="read_only"}'] == 1


def say(body: dict, status: int = 400):
    """A provider that answers with this error."""

    def answer(connection, _):
        content = json.dumps(body).encode()
        connection.sendall(b"HTTP/1.1 %d No\r\nContent-Length: %d\r\n\r\n" % (status, len(content)) + content)

    return answer


def no_http(connection, _):
    connection.sendall(b"220 mail.example ESMTP\r\n" * 10)
    connection.close()


FAULTS = [
    ("fault=status;status=500", {}, "upstream_error", None),
    ("fault=status;status=503", {}, "upstream_overloaded", None),
    ("fault=status;status=429", {}, "upstream_rate_limited", None),
    ("fault=status;status=401", {}, "upstream_unauthorized", None),
    ("fault=status;status=400", {}, "upstream_refused", None),
    ("fault=reset;after=8;rate=0", {}, "upstream_truncated", "reset"),
    ("fault=cut;after=8;rate=0", {}, "upstream_truncated", "truncated"),
    ("fault=eof;after=8;rate=0", {}, "upstream_truncated", None),
    ("fault=garbage;after=8;rate=0", {}, "upstream_malformed", None),
    ("fault=stall;after=5;rate=0", {"idle_timeout_ms": 500}, "upstream_timeout", "idle_timeout"),
    ("fault=stallheaders", {"first_byte_timeout_ms": 500}, "upstream_timeout", "first_byte_timeout"),
    ("", {"region": "http://127.0.0.1:1/v1"}, "upstream_unreachable", "connect"),
    ("", {"region": "https://127.0.0.1:{port}/v1"}, "upstream_unreachable", "tls"),
    ("", {"credential_id": "absent"}, "model_misconfigured", None),
    (no_http, {}, "upstream_malformed", "malformed"),
    (say({"error": {"message": "", "code": "context_length_exceeded"}}), {}, "context_too_long", None),
    (say({"error": {"message": "", "code": "insufficient_quota"}}, 429), {}, "upstream_quota_exceeded", None),
]


@moves("sluice_turn_errors_total", "sluice_upstream_failures_total")
def test_every_failure_of_a_provider_counts_by_its_code(deployment, node):
    client = deployment.client()
    absent = deployment.insert("credential", name="absent", reference="env:SLUICE_TEST_ABSENT")["id"]
    for scenario, route, code, failure in FAULTS:
        if callable(scenario):
            route, scenario = {"region": ScriptedProvider(scenario).url}, ""
        route = {name: str(value).format(port=deployment.simulator.port) for name, value in route.items()}
        if "credential_id" in route:
            route["credential_id"] = absent
        model = deployment.model(scenario, route=route)
        before = settled(node)
        turn = client.start(model=model.name).read()
        assert turn.end["error"]["code"] == code, scenario
        changes = settled(node).since(before)
        found = {key: value for key, value in changes.items() if re.match(r"sluice_(turn|upstream_fail)", key)}
        expected = {'sluice_turns_ended_total{state="error"}': 1, f'sluice_turn_errors_total{{code="{code}"}}': 1}
        if failure:
            expected[f'sluice_upstream_failures_total{{code="{failure}"}}'] = 1
        assert found == expected, scenario


# --- requests


@moves("sluice_refusals_total")
def test_every_refusal_counts_by_its_code(deployment, node):
    client, stranger = deployment.client(), deployment.client()
    model = deployment.model("rate=0;tokens=5").name
    ended = client.start(model=model).read()
    live = client.start(model=deployment.model("rate=20;tokens=5000").name).read_some(1)
    key = uuid.uuid4().hex
    client.start(model=model, key=key).read()

    def start(**body):
        return lambda: client.post_start({"message": "Hi", "model": model, **body})

    def get(path: str, **options):
        return lambda: client.request("GET", path, **options)

    def foreign() -> requests.Response:
        origin = {"Origin": "https://elsewhere.example"}
        return client.request("POST", "/chat/start", json={"message": "Hi", "model": model}, headers=origin)

    cases = [
        ("malformed", "starts", lambda: client.request("POST", "/chat/start", data="{")),
        ("message_too_long", "starts", start(message="x" * 300_000)),
        ("unknown_model", "starts", start(model="no-such-model")),
        ("empty_message", "starts", start(message=" ")),
        ("unsupported_part", "starts", start(message=[{"type": "video"}])),
        ("unsupported_mode", "starts", start(stream={"modes": ["carrier pigeon"]})),
        ("idempotency_key_reused", "starts", lambda: client.post_start({"message": "Other", "model": model}, key=key)),
        ("turn_in_progress", "starts", start(conversation=live.conversation)),
        ("not_found", "starts", start(conversation=str(uuid.uuid4()))),
        ("origin_refused", "starts", foreign),
        ("session_required", "starts", lambda: client.post_start({"message": "Hi"}, token=ended.token)),
        ("invalid_token", "polls", lambda: ended.get(token="v1.dev.x.y")),
        ("bad_cursor", "polls", lambda: ended.get(cursor="one")),
        ("not_found", "polls", lambda: ended.get(token=stranger.token)),
        ("not_found", "cancels", lambda: ended.cancel(token=stranger.token)),
        ("read_only", "cancels", lambda: ended.cancel(token=ended.started["read_token"])),
        ("no_anonymous_sessions", None, lambda: client.open_session("staff")),
        ("not_found", None, get("/chat/nothing/here")),
        ("method_not_allowed", None, get("/chat/start")),
    ]
    for code, kind, ask in cases:
        before = Scrape.of(node)
        response = ask()
        assert response.json()["error"]["code"] == code
        changes = Scrape.of(node).since(before)
        expected = {f'sluice_refusals_total{{code="{code}"}}': 1, "sluice_requests_total": 1}
        if kind:
            expected[f'sluice_{kind}_total{{outcome="refused"}}'] = 1
        assert {key: changes.get(key) for key in expected} == expected, code
        others = [key for key in changes if re.match("sluice_(refusals|polls|cancels|starts|bound)", key)]
        assert set(others) <= set(expected), code
    live.cancel()


def test_what_is_gone_and_what_is_closed_counts_too(deployment, node):
    client = deployment.client()
    turn = client.start(model=deployment.model("rate=0;tokens=5").name).read()
    deployment.sql.execute("delete from turn_delta where turn_id = %s", [turn.id])
    deployment.sql.execute("delete from message where role = 'assistant'")
    deployment.sql.execute("update surface set enabled = false where name = 'web'")
    before = Scrape.of(node)
    wait_until(lambda: turn.get(cursor="1.0").status_code == 410, "the turn to leave the node's memory")
    wait_until(lambda: client.post_start({"message": "Hi"}).status_code == 403, "the surface to be closed")
    changes = Scrape.of(node).since(before)
    assert changes['sluice_refusals_total{code="purged"}'] == 1
    assert changes['sluice_refusals_total{code="surface_disabled"}'] == 1


@moves("sluice_parked_requests", "sluice_polls_total", "sluice_requests_abandoned_total")
def test_a_poll_that_waits_is_seen_and_counts_by_its_outcome(deployment, node):
    client = deployment.client()
    turn = client.start(model=deployment.model("fault=stall;after=1;rate=0").name).read_some(1)
    before = Scrape.of(node)
    assert turn.get(wait=50).json()["events"] == []
    assert Scrape.of(node).since(before)['sluice_polls_total{outcome="hold_over"}'] == 1
    before = Scrape.of(node)
    leaver = socket.create_connection(("127.0.0.1", deployment.nginx.port))
    path = f"/chat/{turn.id}/poll?cursor={turn.cursor}&wait=20000&token={turn.started['read_token']}"
    leaver.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    until(node, lambda now: now["sluice_parked_requests"] == 1, "one to wait")
    leaver.close()
    gone = until(node, lambda now: now["sluice_parked_requests"] == 0, "the leaver to be forgotten")
    changes = gone.since(before)
    assert changes['sluice_polls_total{outcome="abandoned"}'] == changes["sluice_requests_abandoned_total"] == 1
    # A reader that still waits is woken by the end.
    waiting = threading.Thread(target=turn.get, daemon=True)
    waiting.start()
    until(node, lambda now: now["sluice_parked_requests"] == 1, "the reader to wait")
    turn.cancel()
    waiting.join(20)
    changes = settled(node).since(gone)
    assert changes['sluice_polls_total{outcome="woken"}'] == 1
    assert changes['sluice_turns_ended_total{state="cancelled"}'] == 1


@moves("sluice_requests_rejected_total", "sluice_connections_accepted_total")
def test_what_the_front_door_turns_away_counts_by_reason(deployment, node):
    before = Scrape.of(node)
    address = node.addresses[0]
    with fastcgi.connect(address, 10) as peer:
        peer.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert peer.recv(1) == b""
    with fastcgi.connect(address, 10) as peer:
        peer.sendall(fastcgi.record(fastcgi.BEGIN_REQUEST, b"\0\1\1\0\0\0\0\0"))
        try:
            for _ in range(2):
                peer.sendall(fastcgi.record(fastcgi.PARAMS, b"x" * 60_000))
            peer.recv(1)
        except OSError:
            pass
    reasons = {"malformed": 1, "params": 1}
    wanted = {f'sluice_requests_rejected_total{{reason="{reason}"}}': count for reason, count in reasons.items()}
    rejected = until(node, lambda now: wanted.items() <= now.since(before).items(), "both to be counted")
    assert rejected["sluice_connections_accepted_total"] - before["sluice_connections_accepted_total"] == 2


@moves("sluice_connections_stalled_total", "sluice_requests_rejected_total")
def test_a_peer_that_neither_sends_nor_takes_is_cut_off(deployment, node):
    model = deployment.model(route={"region": ScriptedProvider(flood(4 << 20)).url}).name
    client = deployment.client()
    key = uuid.uuid4().hex
    turn = client.start(model=model, key=key).read()
    assert turn.state == "done"
    before = Scrape.of(node)
    slow = fastcgi.connect(node.addresses[0], 60)
    slow.sendall(fastcgi.record(fastcgi.BEGIN_REQUEST, b"\0\1\1\0\0\0\0\0"))
    # It asks for the whole answer, which no socket's buffer holds, and reads none of it.
    body = json.dumps({"message": "Hello", "model": model}).encode()
    deaf = fastcgi.connect(node.addresses[0], 60)
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    variables = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/chat/start",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_IDEMPOTENCY_KEY": key,
    }
    pairs = b"".join(fastcgi.pair(*item) for item in variables.items())
    authorization = f"Bearer {client.token}".encode()
    pairs += bytes([18]) + (len(authorization) | 1 << 31).to_bytes(4) + b"HTTP_AUTHORIZATION" + authorization
    deaf.sendall(
        fastcgi.record(fastcgi.BEGIN_REQUEST, b"\0\1\1\0\0\0\0\0")
        + fastcgi.record(fastcgi.PARAMS, pairs)
        + fastcgi.record(fastcgi.PARAMS, b"")
        + fastcgi.record(fastcgi.STDIN, body)
        + fastcgi.record(fastcgi.STDIN, b"")
    )
    late = 'sluice_requests_rejected_total{reason="deadline"}'
    until(node, lambda now: now.since(before).get(late) == 1, "the slow one to be cut off", 30)
    stalled = "sluice_connections_stalled_total"
    until(node, lambda now: now[stalled] - before[stalled] == 1, "the deaf one too", 60)
    slow.close()
    deaf.close()


def flood(length: int):
    """A provider that says so many bytes at once."""

    def answer(connection, _):
        piece = STREAM + delta("x" * (64 << 10))
        connection.sendall(piece)
        for _ in range(length // (64 << 10) - 1):
            connection.sendall(delta("x" * (64 << 10)))
        connection.sendall(delta("", "stop") + event("[DONE]"))
        connection.close()

    return answer


# --- bounds


@moves("sluice_bound_hits_total")
def test_a_bound_that_is_hit_counts(deploy):
    deployment = deploy()
    deployment.sql.execute("update surface set session_limit = 40 where name = 'web'")
    node = deployment.add_node(turn_limit="1")
    deployment.add_nginx()
    client = deployment.client()
    before = Scrape.of(node)

    def hits() -> dict[str, float]:
        changes = Scrape.of(node).since(before)
        return {key.split('"')[1]: value for key, value in changes.items() if key.startswith("sluice_bound_hits")}

    turn = client.start(model=deployment.model("rate=20;tokens=5000").name).read_some(1)
    assert client.post_start({"message": "Hi"}).json()["error"]["code"] == "overloaded"
    assert hits() == {"live_turns": 1}
    refused = sum(turn.get(wait=0, cursor="1.99").status_code == 429 for _ in range(20))
    assert refused and hits() == {"live_turns": 1, "reader_budget": refused}
    turn.cancel()
    turn.read()
    # Unknown turns need the database.
    path = f"/chat/{uuid.uuid4()}/poll"
    statuses = [client.request("GET", path).status_code for _ in range(300)]
    assert statuses.count(429) == hits()["identity_budget"] > 0
    sessions = [client.open_session().status_code for _ in range(12)]
    assert sessions.count(429) == hits()["new_sessions"] > 0
    long = deployment.model(route={"region": ScriptedProvider(flood(9 << 20)).url})
    client = ChatClient(deployment.nginx.url)
    client.token = turn.client.token
    until(node, lambda now: now["sluice_turns_live"] == 0, "room for another turn")
    turn = Turn(client, client.post_start({"message": "Hi", "model": long.name, "stream": {"modes": ["poll"]}}).json())
    wait_until(lambda: deployment.turn(turn.id)["state"] == "error", "the turn to be too long", 60)
    assert hits()["turn_log"] == 1
    assert settled(node).since(before)['sluice_turn_errors_total{code="turn_too_long"}'] == 1


def test_a_crowd_of_unknown_keys_counts(deployment, node):
    before = Scrape.of(node)
    with psycopg.connect(deployment.postgres.conninfo(deployment.database, "postgres")) as locker:
        locker.execute("lock table sluice.surface_key in access exclusive mode")

        def ask() -> None:
            client = ChatClient(deployment.nginx.url)
            client.token = f"sk_{uuid.uuid4().hex}"
            client.post_start({"message": "Hi"})

        threads = [threading.Thread(target=ask) for _ in range(20)]
        for thread in threads:
            thread.start()
        hit = 'sluice_bound_hits_total{bound="key_lookups"}'
        crowded = until(node, lambda now: now.since(before).get(hit) == 4, "four to be refused")
        # Those that were let in wait for the table.
        assert crowded['sluice_database_in_flight{pool="common"}'] >= 16
    for thread in threads:
        thread.join()
    changes = settled(node).since(before)
    assert changes['sluice_refusals_total{code="overloaded"}'] == 4
    assert changes['sluice_refusals_total{code="invalid_token"}'] == 16


@moves("sluice_bound_hits_total", "process_open_fds", "process_max_fds", "sluice_connections")
def test_descriptors_that_run_out_count(deployment, node):
    pid = node.process.pid
    settled(node)
    before = Scrape.of(node)
    with ExitStack() as stack:
        for _ in range(50):
            stack.enter_context(fastcgi.connect(node.addresses[0], 10))
        opened = until(
            node, lambda now: now["sluice_connections"] - before["sluice_connections"] == 50, "50 connections"
        )
        assert opened["process_open_fds"] - before["process_open_fds"] == 50
        # One is the look's own connection.
        wait_until(lambda: len(os.listdir(f"/proc/{pid}/fd")) == opened["process_open_fds"] - 1, "the look to end")
        former = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        # Room for the descriptors of the looks themselves, not for 50 more connections.
        room = int(opened["process_open_fds"]) + 10
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (room, former[1]))
        try:
            for _ in range(50):
                stack.enter_context(fastcgi.connect(node.addresses[0], 10))
            time.sleep(0.3)
        finally:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, former)
    after = until(node, lambda now: now["sluice_connections"] == before["sluice_connections"], "all to be gone")
    assert after.since(before)['sluice_bound_hits_total{bound="connections"}'] > 0
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (former[0] - 7, former[1]))
    assert Scrape.of(node)["process_max_fds"] == former[0] - 7


# --- the database


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
        throw_out(deployment, "sluice flusher")
        return chunks in now.since(before)

    # A flush is under way nearly always, but not always.
    until(node, lost, "a flush to be lost")
    with psycopg.connect(deployment.postgres.conninfo(deployment.database, "postgres")) as locker:
        locker.execute("select from sluice.conversation where id = %s for update", [turn.conversation])
        turn.cancel()
        until(node, lambda now: now["sluice_ending_turns"] == 1, "the end to wait for the row")
        throw_out(deployment)
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


# --- upstream


@moves("sluice_upstream_running", "sluice_upstream_connecting")
def test_a_provider_that_does_not_shake_hands_is_seen(deployment, node):
    silent = socket.create_server(("127.0.0.1", 0))
    url = f"https://127.0.0.1:{silent.getsockname()[1]}/v1"
    turn = deployment.client().start(model=deployment.model(route={"region": url}).name)
    waiting = until(node, lambda now: now["sluice_upstream_connecting"] == 1, "the transfer to wait")
    assert waiting["sluice_upstream_running"] == 1
    turn.cancel()
    turn.read()
    settled(node)
    silent.close()


# --- the node


@moves("sluice_turns_mirrored")
def test_a_turn_read_through_another_node_is_mirrored_there(deployment):
    owner, other = deployment.nodes[0], deployment.add_node()
    through_other = deployment.add_nginx([other.addresses[0]])
    turn = deployment.client().start(model=deployment.model("rate=50;tokens=5000").name)
    client = ChatClient(through_other.url)
    reader = Turn(client, turn.started).read_some(10)
    seen = Scrape.of(other)
    assert (seen["sluice_turns_mirrored"], seen["sluice_turns_live"]) == (1, 0)
    assert (Scrape.of(owner)["sluice_turns_mirrored"], Scrape.of(owner)["sluice_turns_live"]) == (0, 1)
    turn.cancel()
    assert reader.read().state == "cancelled"
    after = settled(other)
    # It neither ran nor ended there.
    assert after.sum("sluice_turns_ended_total") == after.sum("sluice_text_deltas_total") == 0
    assert settled(owner)['sluice_turns_ended_total{state="cancelled"}'] == 1


@moves(
    "sluice_loop_lag_seconds",
    "sluice_loop_lag_max_seconds",
    "sluice_loop_busy_ratio",
    "sluice_loop_busy_seconds_total",
    "sluice_load",
    "process_resident_memory_bytes",
)
def test_a_node_that_stood_still_has_lagged(deployment, node):
    model = deployment.model("rate=0;tokens=20000").name
    before = Scrape.of(node)
    deployment.client().start(model=model).read()
    busy = until(node, lambda now: now["sluice_load"] > 0, "the load to be measured")
    worked = 'sluice_loop_busy_seconds_total{loop="0"}'
    assert busy[worked] > before[worked]
    node.pause()
    time.sleep(2)
    node.resume()
    loops = [f'sluice_loop_lag_max_seconds{{loop="{loop}"}}' for loop in (0, 1)]
    # Its timer was due within a second.
    lagged = until(node, lambda now: all(now[loop] >= 0.9 for loop in loops), "the lag to be seen")
    for loop in (0, 1):
        assert 0 <= lagged[f'sluice_loop_busy_ratio{{loop="{loop}"}}'] <= 1
    until(node, lambda now: all(now[f'sluice_loop_lag_seconds{{loop="{i}"}}'] < 0.5 for i in (0, 1)), "it to pass")
    assert all(Scrape.of(node)[loop] >= 0.9 for loop in loops)


@moves("sluice_draining", "sluice_turns_ended_total")
def test_a_drain_is_seen(deployment, node):
    before = Scrape.of(node)
    client = deployment.client()
    turn = client.start(model=deployment.model("rate=20;tokens=5000").name).read_some(1)
    node.drain()
    draining = until(node, lambda now: now["sluice_draining"] == 1, "the drain")
    assert draining["sluice_turns_live"] == 1
    refused = client.post_start({"message": "Hi"})
    assert refused.json()["error"]["code"] == "draining"
    # After the drain time-out of 5 s.
    changes = until(node, lambda now: now["sluice_turns_live"] == 0, "the turn to be interrupted").since(before)
    assert changes['sluice_turns_ended_total{state="interrupted"}'] == 1
    assert changes['sluice_refusals_total{code="draining"}'] == 1
    assert turn.read().state == "interrupted"


def test_a_turn_that_another_node_has_ended_counts_as_lost(deployment, node):
    before = Scrape.of(node)
    deployment.client().start(model=deployment.model("rate=20;tokens=5000").name).read_some(1)
    deployment.sql.execute("update node set voided_at = clock_timestamp()")
    lost = until(node, lambda now: now["sluice_turns_live"] == 0, "the node to drop its turn")
    assert lost.since(before)['sluice_turns_ended_total{state="lost"}'] == 1


def test_the_process_is_described_as_the_kernel_knows_it(deployment, node, programs):
    pid = node.process.pid
    scrape = Scrape.of(node)
    version = os.popen(f"'{programs}/sluice' --version").read().strip()
    assert scrape.family("sluice_build_info") == {f'sluice_build_info{{version="{version}"}}': 1}
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    resident = int(status["VmRSS"].split()[0]) * 1024
    assert abs(scrape["process_resident_memory_bytes"] - resident) < 64 << 20
    assert scrape["process_max_fds"] == resource.prlimit(pid, resource.RLIMIT_NOFILE)[0]
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = os.sysconf("SC_CLK_TCK")
    assert abs(scrape["process_cpu_seconds_total"] - (int(fields[11]) + int(fields[12])) / ticks) < 1
    booted = next(int(line.split()[1]) for line in Path("/proc/stat").read_text().splitlines() if "btime" in line)
    assert scrape["process_start_time_seconds"] == pytest.approx(booted + int(fields[19]) / ticks, abs=0.02)


def test_when_all_is_over_every_gauge_is_zero(deployment, node):
    models = [deployment.model(scenario).name for scenario in ("rate=100;tokens=50", "fault=reset;after=8", "rate=0")]

    def visit(index: int) -> None:
        client = deployment.client()
        turn = client.start(model=models[index % 3])
        if index % 4 == 0:
            turn.cancel()
        if index % 5:
            turn.read()

    threads = [threading.Thread(target=visit, args=[index]) for index in range(30)]
    for thread in threads:
        thread.start()
    seen = until(node, lambda now: now["sluice_turns_live"] > 0, "turns to run")
    assert not seen.is_at_rest
    for thread in threads:
        thread.join()
    deployment.nginx.stop()
    after = until(node, lambda now: now.is_at_rest and now["sluice_connections"] == 0, "all to be over", 30)
    assert {name: after.sum(name) for name in ACTIVITY} == dict.fromkeys(ACTIVITY, 0)
    assert after.sum("sluice_turns_ended_total") == after['sluice_starts_total{outcome="started"}'] == 30


# --- /status


def test_the_status_is_text_for_people(deployment, node):
    response = requests.get(f"{deployment.nginx.operator_url}/status", timeout=10)
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-store"
    tables = {part.splitlines()[0].rstrip(":"): part.splitlines()[1:] for part in response.text.split("\n\n")}
    names = ["node", "turns", "front door", "loops", "flusher", "upstream", "database", "nodes"]
    names += ["listeners", "settings"]
    assert list(tables) == names
    for name, lines in tables.items():
        heading, rows = lines[0], lines[1:]
        columns = [found.start() for found in re.finditer(r"(?<!\S)(?<! )\S|(?<=  )\S", heading)]
        assert rows, name
        for row in rows:
            for start in (start for start in columns if start < len(row)):
                assert row[start - 2 : start] == "  " and row[start] != " ", row
    assert len(tables["loops"]) == 3 and len(tables["database"]) == 4 and len(tables["nodes"]) == 2
    assert " ready " in tables["node"][1]
    assert max(map(len, response.text.splitlines())) < 150


@pytest.mark.parametrize("how", ["query", "header"])
def test_the_status_is_json_for_programs(deployment, node, how):
    other = deployment.add_node()
    turn = deployment.client().start(model=deployment.model("rate=20;tokens=5000").name).read_some(1)
    url = f"{deployment.nginx.operator_url}/status"
    if how == "query":
        response = requests.get(f"{url}?format=json", timeout=10)
    else:
        response = requests.get(url, headers={"Accept": "application/json"}, timeout=10)
    assert response.headers["Content-Type"] == "application/json"
    status = response.json()
    assert status["node"]["state"] == "ready" and status["node"]["draining"] is False
    assert status["node"]["tag"] == 1 and 0 < status["node"]["uptime_seconds"] < 600
    assert 0 < status["node"]["lease_seconds"] <= 10
    assert status["turns"]["live"] == 1 and status["turns"]["limit"] == 4000
    assert 0 <= status["turns"]["oldest_age_seconds"] < 60
    assert [loop["loop"] for loop in status["loops"]] == ["0", "1"]
    assert status["flusher"]["last_flush_seconds"] > 0
    assert status["upstream"]["running"] == 1
    pools = [(row["pool"], row["connections"], row["up"]) for row in status["database"]]
    assert pools == [("common", 4, 4), ("flusher", 1, 1), ("lease", 1, 1)]
    listeners = {"chat": node.settings["listen"], "operator": node.settings["operator_listen"]}
    assert {row["door"]: row["address"] for row in status["listeners"]} == listeners
    rows = deployment.sql.execute("select incarnation, tag from node order by tag").fetchall()
    nodes = [(row["incarnation"], row["tag"], row["this"]) for row in status["nodes"]]
    assert nodes == [(str(rows[0]["incarnation"]), 1, True), (str(rows[1]["incarnation"]), 2, False)]
    assert all(0 < row["lease_seconds"] <= 10 and not row["voided"] for row in status["nodes"])
    assert status["node"]["incarnation"] == str(rows[0]["incarnation"])
    turn.cancel()
    assert other.process is not None


def test_neither_page_tells_secrets_or_content(deploy):
    deployment = deploy()
    conninfo = deployment.postgres.conninfo(deployment.database)
    deployment.add_node(database=f"{conninfo} password=hush-4711", environment={"TEST_KEY": "sk-hush-4712"})
    deployment.add_nginx()
    credential = deployment.insert("credential", name="hush-4713", reference="env:TEST_KEY")
    model = deployment.model("rate=20;tokens=500;text=echo", route={"credential_id": credential["id"]})
    turn = deployment.client().start("hush-4714", model=model.name)
    secrets = ["hush", model.name, turn.id, turn.conversation, *turn.token.split("."), "127.0.0.1"]
    base = deployment.nginx.operator_url
    for path in ("/metrics", "/status", "/status?format=json"):
        with urllib.request.urlopen(base + path, timeout=10) as response:
            text = response.read().decode()
        assert [secret for secret in secrets if len(secret) > 3 and secret in text] == [], path
    throw_out(deployment)
    turn.cancel()


def test_the_operator_pages_are_not_on_the_chat_door(deployment):
    for path in ("/metrics", "/status", "/chat/metrics", "/chat/status"):
        assert requests.get(f"{deployment.nginx.url}{path}", timeout=10).status_code == 404
    response = requests.post(f"{deployment.nginx.operator_url}/metrics", timeout=10)
    assert (response.status_code, response.headers["Allow"]) == (405, "GET")
