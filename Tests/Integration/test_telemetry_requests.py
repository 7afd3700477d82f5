"""What /metrics says of requests, refusals and bounds."""

import json
import os
import re
import resource
import socket
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import psycopg
import requests
from chat_client import ChatClient, Turn
from scrape import Scrape, moves, settled, until
from scripted_provider import STREAM, ScriptedProvider, delta, event
from stack import fastcgi, wait_until
from stream_client import open_stream


@moves("sluice_refusals_total")
def test_every_refusal_counts_by_its_code(deployment, node):
    client, stranger, mute = deployment.client(), deployment.client(), ChatClient(deployment.nginx.url)
    mute.open_session("shop")
    deployment.sql.execute("update role set all_tools = false")
    deployment.sql.execute("update surface set capabilities = '{sse}' where name = 'shop'")
    wait_until(lambda: mute.post_start({"message": "Hi"}).status_code == 403, "the surface to be read anew")
    model = deployment.model("rate=0;tokens=5").name
    ended = client.start(model=model).read()
    live = client.start(model=deployment.model("rate=20;tokens=5000").name).read_some(1)
    key = uuid.uuid4().hex
    client.start(model=model, key=key).read()

    def start(**body):
        return lambda: client.post_start({"message": "Hi", "model": model, **body})

    def get(path: str, **options):
        return lambda: client.request("GET", path, **options)

    def tools() -> requests.Response:
        offered = {"type": "function", "function": {"name": "find"}}
        body = {"model": model, "messages": [{"role": "user", "content": "Hi"}], "tools": [offered]}
        return client.request("POST", "/v1/chat/completions", json=body)

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
        ("capability_missing", "starts", lambda: mute.post_start({"message": "Hi", "model": model})),
        ("tool_refused", "starts", tools),
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
    before = Scrape.of(node)
    wait_until(lambda: turn.get(cursor="1.0").status_code == 410, "the turn to leave the node's memory")
    deployment.sql.execute("update surface set enabled = false where name = 'web'")
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


@moves("sluice_streams", "sluice_streams_ended_total")
def test_a_stream_is_seen_and_counts_by_how_it_ended(deployment, node):
    client = deployment.client()
    turn = client.start(model=deployment.model("fault=stall;after=1;rate=0").name).read_some(1)
    before = Scrape.of(node)
    with open_stream(turn):
        until(node, lambda now: now["sluice_streams"] == 1, "the stream to begin")
    gone = until(node, lambda now: now["sluice_streams"] == 0, "its reader to be missed")
    assert gone.since(before)['sluice_streams_ended_total{outcome="gone"}'] == 1
    with open_stream(turn) as stream:
        turn.cancel()
        assert list(stream)[-1].event == "end"
    assert settled(node).since(gone)['sluice_streams_ended_total{outcome="ended"}'] == 1


@moves("sluice_requests_rejected_total", "sluice_connections_accepted_total")
def test_what_the_front_door_turns_away_counts_by_reason(deployment, node):
    before = Scrape.of(node)
    address = node.addresses[0]
    with fastcgi.connect(address, 10) as peer:
        peer.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert peer.recv(1) == b""
    with fastcgi.connect(address, 10) as peer:
        peer.sendall(b"24:CONTENT_LENGTH\x000\0SCGI\x001\0,")
        assert peer.recv(1) == b""
    with fastcgi.connect(address, 10) as peer:
        peer.sendall(fastcgi.record(fastcgi.BEGIN_REQUEST, b"\0\1\1\0\0\0\0\0"))
        try:
            for _ in range(2):
                peer.sendall(fastcgi.record(fastcgi.PARAMS, b"x" * 60_000))
            peer.recv(1)
        except OSError:
            pass
    reasons = {"malformed": 1, "scgi_on_fastcgi": 1, "params": 1}
    wanted = {f'sluice_requests_rejected_total{{reason="{reason}"}}': count for reason, count in reasons.items()}
    # The one that was answered counts by its code as well.
    wanted['sluice_refusals_total{code="headers_too_large"}'] = 1
    rejected = until(node, lambda now: wanted.items() <= now.since(before).items(), "all to be counted")
    assert rejected["sluice_connections_accepted_total"] - before["sluice_connections_accepted_total"] == 3


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

    def statuses(path: str, token: str, **query) -> list[int]:
        """Of as many polls as eight readers at once send."""
        readers = [ChatClient(deployment.nginx.url) for _ in range(8)]

        def status(number: int) -> int:
            return readers[number % 8].request("GET", path, params=query, token=token).status_code

        with ThreadPoolExecutor(8) as crowd:
            return list(crowd.map(status, range(800)))

    refused = statuses(f"/chat/{turn.id}/poll", turn.token, cursor="1.99", wait=0).count(429)
    assert refused and hits() == {"live_turns": 1, "reader_budget": refused}
    turn.cancel()
    turn.read()
    # Unknown turns need the database.
    refused = statuses(f"/chat/{uuid.uuid4()}/poll", client.token).count(429)
    assert refused == hits()["identity_budget"] > 0
    visitor = ChatClient(deployment.nginx.url)
    sessions = [visitor.open_session().status_code for _ in range(12)]
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
        room = int(opened["process_open_fds"]) + 10

        def run_out() -> bool:
            """Leaves the node a few descriptors and takes more; true once it was seen to stumble."""
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (room, former[1]))
            try:
                with ExitStack() as crowd:
                    for _ in range(50):
                        crowd.enter_context(fastcgi.connect(node.addresses[0], 10))
                    wait_until(lambda: len(os.listdir(f"/proc/{pid}/fd")) >= room, "all descriptors to be taken")
            finally:
                resource.prlimit(pid, resource.RLIMIT_NOFILE, former)
            return 'sluice_bound_hits_total{bound="connections"}' in Scrape.of(node).since(before)

        wait_until(run_out, "the node to pause")
    until(node, lambda now: now["sluice_connections"] == before["sluice_connections"], "all to be gone")
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (former[0] - 7, former[1]))
    assert Scrape.of(node)["process_max_fds"] == former[0] - 7
