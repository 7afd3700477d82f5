"""What /metrics says of JWTs and the keys that they are judged by."""

import socket
import time
import uuid
from contextlib import ExitStack

import pytest
from backend import Backend, KeyServer, SigningKey, by_hand
from chat_client import ChatClient
from scrape import Scrape, moves, until
from stack import wait_until


@pytest.fixture
def server():
    server = KeyServer()
    yield server
    server.close()


def ask(deployment, token: str, path: str = "/chat/conversations", **options) -> int:
    client = ChatClient(deployment.nginx.url)
    return client.request("POST" if options else "GET", path, token=token, **options).status_code


@moves("sluice_jwt_refusals_total")
def test_every_jwt_that_is_refused_counts_by_the_reason(deployment, node, server):
    key, now = SigningKey("EdDSA"), int(time.time())
    server.publish(key)
    backend = Backend(deployment, key, jwks=server.url)
    once = Backend(deployment, key, jwks=server.url, once=True)
    away = Backend(deployment, key, jwks="file:/nonexistent")
    for one in (backend, once):
        wanted = 403 if one is once else 200
        wait_until(lambda one=one, wanted=wanted: ask(deployment, one.token(jti="0")) == wanted, "the issuer")
    wait_until(lambda: ask(deployment, away.token()) == 503, "the issuer")
    used = once.token(jti=str(uuid.uuid4()))
    session = {"path": "/chat/session", "json": {"surface": "web"}}
    assert ask(deployment, used, **session) == 200
    cases = {
        "malformed": "a.b.c",
        "header": backend.token(headers={"typ": "dpop+jwt"}),
        "algorithm": by_hand({"alg": "none"}, backend.claims()),
        "issuer": backend.token(aud="nobody"),
        "claims": backend.token(sub=None),
        "expired": backend.token(iat=now - 700, exp=now - 100),
        "early": backend.token(nbf=now + 300),
        "lifetime": backend.token(exp=now + 90_000),
        "key": backend.token(headers={"kid": "other"}),
        "signature": SigningKey("EdDSA", key.kid).sign(backend.claims()),
        "purpose": once.token(jti="1"),
        "unavailable": away.token(),
        "used": used,
    }
    for reason, token in cases.items():
        before = Scrape.of(node)
        status = ask(deployment, token, **(session if reason == "used" else {}))
        assert status == {"purpose": 403, "unavailable": 503}.get(reason, 401), reason
        changes = Scrape.of(node).since(before)
        counted = {name: change for name, change in changes.items() if name.startswith("sluice_jwt_refusals")}
        assert counted == {f'sluice_jwt_refusals_total{{reason="{reason}"}}': 1}


@moves("sluice_jwt_keys_read_total")
def test_attempts_to_read_keys_count_by_outcome(deployment, node, server):
    key = SigningKey("EdDSA")
    places = {
        "done": (200, server.answer[1], None), "refused": (500, b"", None), "malformed": (200, b"{}", None),
        "unreachable": (0, b"", "file:/nonexistent"),
    }
    for outcome, (status, body, place) in places.items():
        server.answer = (status, body)
        before = Scrape.of(node)
        backend = Backend(deployment, key, jwks=place or server.url)
        series = f'sluice_jwt_keys_read_total{{outcome="{outcome}"}}'
        until(node, lambda now, series=series, before=before: now[series] > before[series], outcome)
        backend.set(enabled=False)


@moves("sluice_bound_hits_total", "sluice_jwt_refusals_total")
def test_so_many_may_wait_for_an_issuers_keys(deployment, node, server):
    key = SigningKey("EdDSA")
    server.publish(key)
    server.gate.clear()
    before = Scrape.of(node)
    backend = Backend(deployment, key, jwks=server.url)
    tokens = [backend.token() for _ in range(300)]
    wait_until(lambda: server.asked > 0, "the keys to be asked for")
    # All at once, so that the fetch outlasts their coming: it waits for no more than some seconds.
    with ExitStack() as stack:
        readers = []
        for token in tokens:
            reader = stack.enter_context(socket.create_connection(("127.0.0.1", deployment.nginx.port)))
            head = "POST /chat/session HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 17\r\n"
            reader.sendall(f'{head}Authorization: Bearer {token}\r\n\r\n{{"surface":"web"}}'.encode())
            readers.append(reader)
        crowded = until(
            node, lambda now: now['sluice_jwt_refusals_total{reason="crowded"}'] == 300 - 256, "the rest to be refused"
        )
        server.gate.set()
        statuses = [reader.makefile("rb").readline().split()[1] for reader in readers]
    assert crowded.since(before)['sluice_bound_hits_total{bound="issuer_keys"}'] == 300 - 256
    assert (statuses.count(b"200"), statuses.count(b"503")) == (256, 300 - 256)
