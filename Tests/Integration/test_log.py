"""What the log says, and what it says only once."""

import re
import secrets
import shlex
import signal
import socket

import pytest
import requests
from scrape import until
from scripted_provider import ScriptedProvider
from stack import fastcgi, wait_until
from test_telemetry_database import shut_out

SCGI = b"24:CONTENT_LENGTH\x000\0SCGI\x001\0,"


def lines(node, message: str) -> list[dict[str, str]]:
    """The fields of the lines with that message, and their level."""
    found = re.findall(rf"^\S+ (\w+) \w+: {re.escape(message)}((?: \w+=.*)?)$", node.log.read_text(), re.M)
    return [{"level": level, **dict(field.split("=", 1) for field in shlex.split(tail))} for level, tail in found]


def one(node, message: str) -> dict[str, str]:
    wait_until(lambda: lines(node, message), f"`{message}`", 30, node.log)
    [line] = lines(node, message)
    return line


# MARK: providers


def refusing(connection, _):
    body = b'{"error": {"message": "words of theirs", "code": "rate_limit_exceeded"}}'
    head = b"HTTP/1.1 429 Slow Down\r\nx-request-id: req-17\r\nContent-Length: %d\r\n\r\n"
    connection.sendall(head % len(body) + body)


def silent(connection, _):
    connection.recv(1)


@pytest.mark.parametrize(
    ("answer", "route", "wanted"),
    [
        (
            refusing,
            {},
            {"code": "upstream_rate_limited", "cause": "http_429", "provider_request": "req-17", "level": "warning"},
        ),
        (
            silent,
            {"first_byte_timeout_ms": 300, "first_token_timeout_ms": 300},
            {"code": "upstream_timeout", "cause": "first_byte_timeout", "level": "warning"},
        ),
        (
            silent,
            {"credential": "env:NOT_THERE"},
            {"code": "model_misconfigured", "cause": "credential env:NOT_THERE is not there", "level": "error"},
        ),
    ],
    ids=["refused", "silent", "not asked"],
)
def test_a_failed_provider_is_named_by_model_and_route(deployment, node, answer, route, wanted):
    url = ScriptedProvider(answer).url
    asked = "credential" not in route
    if not asked:
        row = deployment.insert("credential", name="none", reference=route["credential"])
        route = {"credential_id": row["id"]}
    model = deployment.model(route={**route, "region": url})
    turn = deployment.client().start("my question", model=model.name).read()
    row = deployment.sql.execute("select id from model_route where region = %s", [url]).fetchone()
    line = one(node, "upstream failed")
    assert line.pop("detail", "") == ""
    host = {"host": url.rstrip("/").removesuffix("/v1")} if asked else {}
    assert line == {**wanted, **host, "model": model.name, "route": str(row["id"]), "turn": turn.id}
    assert "words of theirs" not in node.log.read_text() and "my question" not in node.log.read_text()


# MARK: nodes


def test_a_node_that_stops_is_no_dead_one(deploy):
    deployment = deploy()
    watch, going, mortal = deployment.add_node(), deployment.add_node(), deployment.add_node()
    gone = {
        row["tag"]: str(row["incarnation"])
        for row in deployment.sql.execute("select tag, incarnation from node").fetchall()
    }
    going.drain()
    going.drain()
    assert going.wait() == 0
    mortal.kill()
    # Whoever judges has had a lease of contact, and the dead one's has to lapse.
    left, dead = one(watch, "a node has left"), one(watch, "voided a node whose lease had lapsed")
    host = socket.gethostname()
    assert left == {"level": "info", "incarnation": gone[2], "host": host}
    assert dead == {"level": "warning", "incarnation": gone[3], "host": host}


def test_the_end_says_how_many_turns_it_cost(deploy):
    deployment = deploy()
    node = deployment.add_node(drain_timeout="500ms")
    deployment.add_nginx()
    model = deployment.model("rate=50;tokens=5000").name
    for _ in range(2):
        deployment.client().start(model=model).read_some(5)
    assert deployment.client().start(model=deployment.model("rate=0;tokens=5").name).read().state == "done"
    node.drain()
    assert node.wait() == 0
    assert one(node, "stopped") == {"level": "info", "interrupted": "2"}


# MARK: reloads


def test_a_reload_names_keys_and_changes(deployment, node):
    said = "configuration and key file read anew"
    keys = deployment.folder.path / "token.keys"
    secret = secrets.token_hex(32)
    keys.write_text(f"k2: {secret}\n{keys.read_text()}")
    node.process.signal(signal.SIGHUP)
    assert one(node, said) == {"level": "info", "signing": "k2", "verifying": "dev,k2", "changed": "none"}
    status = requests.get(f"{deployment.nginx.operator_url}/status?format=json", timeout=10).json()
    assert status["keys"] == {"signing": "k2", "verifying": "dev,k2"}
    node.settings.update(turn_limit="17", drain_timeout="7s", proxy="http://me:hush@127.0.0.1:1")
    node.write_config()
    node.process.signal(signal.SIGHUP)
    wait_until(lambda: len(lines(node, said)) == 2, "the second reload", 30, node.log)
    assert lines(node, said)[1]["changed"] == "turn_limit,drain_timeout"
    log = node.log.read_text()
    assert secret not in log and "hush" not in log


# MARK: the database


def test_an_outage_is_told_once_for_each_pool(deployment, node):
    turn = deployment.client().start(model=deployment.model("rate=50;tokens=100000").name).read_some(5)
    before = len(node.log.read_text().splitlines())
    with shut_out(deployment):
        until(node, lambda now: now.sum("sluice_database_connections") == 0, "all connections to be gone")
        # The parts that run each second have failed, more than once.
        failed = 'sluice_database_failures_total{code="unavailable",pool="common"}'
        at_first = until(node, lambda now: now[failed] > 0, "the first to give up", 30)
        until(node, lambda now: now[failed] > at_first[failed] + 4, "more to give up", 30)
    until(node, lambda now: now.sum("sluice_database_connections") == 6, "all connections to be back")
    pools = {"common", "flusher", "lease"}
    lost, back = lines(node, "database lost"), lines(node, "database back")
    assert {line["pool"] for line in lost} == pools == {line["pool"] for line in back}
    assert len(lost) == len(back) == 3
    assert all(line["level"] == "warning" and line["error"] for line in lost)
    assert all(line["level"] == "info" and re.fullmatch(r"\d+s", line["after"]) for line in back)
    log = node.log.read_text().splitlines()[before:]
    assert sum("not currently accepting connections" in line for line in log) <= 1
    # What was in flight when the connections broke may be told, each part's once.
    others = [line for line in log if " warning " in line and "database lost" not in line]
    kinds = [line.split("error=")[0].split(": ", 1)[1] for line in others]
    assert len(kinds) == len(set(kinds)) <= 6, others
    turn.cancel()


def test_surfaces_are_read_one_at_a_time(deployment, node):
    waiting = (
        "select count(*) as n from pg_stat_activity where datname = current_database()"
        " and wait_event_type = 'Lock' and query like '%%sluice.surface%%'"
    )
    with deployment.sql.transaction():
        deployment.sql.execute("lock table surface in access exclusive mode")
        renewed = 'sluice_database_transaction_seconds_count{pool="lease"}'
        start = until(node, lambda _: True, "a look")
        # As many seconds as there are connections to hang.
        until(node, lambda now: now[renewed] >= start[renewed] + 3, "some seconds to pass", 30)
        assert deployment.sql.execute(waiting).fetchone()["n"] == 1
        assert until(node, lambda _: True, "a look")['sluice_database_waiting{pool="common"}'] == 0


# MARK: the front door


def test_a_web_server_that_takes_one_protocol_for_the_other_is_told(deploy):
    deployment = deploy()
    folder = deployment.folder.path
    node = deployment.add_node(listen=f"unix:{folder}/f.sock, scgi:unix:{folder}/s.sock")
    fcgi, scgi = node.addresses
    for _ in range(3):
        with fastcgi.connect(fcgi, 10) as peer:
            peer.sendall(SCGI)
            assert peer.recv(1) == b""
    line = one(node, "a web server speaks SCGI to a FastCGI listener")
    assert line["level"] == "warning" and line["listeners"] == fcgi
    nginx = deployment.add_nginx([scgi.removeprefix("scgi:")])
    assert requests.get(f"{nginx.url}/chat/models", timeout=10).status_code == 502
    line = one(node, "a web server speaks FastCGI to an SCGI listener")
    assert line["listeners"] == f"scgi:unix:{folder}/s.sock"
    assert line["likely_cause"].startswith("fastcgi_pass where scgi_pass belongs")
    assert len(lines(node, "a web server speaks SCGI to a FastCGI listener")) == 1
