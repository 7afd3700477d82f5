"""Surfaces: keys of their back ends, origins of their pages, tokens that age."""

import hashlib
import secrets
import signal
import struct
import time
import uuid

import pytest
from chat_client import ChatClient
from signed_token import READ, SESSION, TURN, decoded, signed
from stack import wait_until


def surface(deployment, name: str) -> dict:
    return deployment.sql.execute("select * from surface where name = %s", [name]).fetchone()


@pytest.fixture
def back_end(site):
    """A surface's own back end: its key acts for a service identity of its own."""
    key = f"sk_{secrets.token_urlsafe(32)}"
    identity = site.insert("identity", kind="service")
    row = site.insert(
        "surface_key",
        surface_id=surface(site, "staff")["id"],
        identity_id=identity["id"],
        hash=hashlib.sha256(key.encode()).digest(),
        label="test",
    )
    client = ChatClient(site.nginx.url)
    client.token = key
    client.identity, client.row = identity["id"], row["id"]
    return client


def test_a_surface_key_starts_reads_and_cancels(site, back_end):
    model = site.model("rate=50;tokens=1000")
    turn = back_end.start(model=model.name)
    assert turn.get(token=back_end.token).json()["events"]
    assert turn.cancel(token=back_end.token).status_code == 202
    assert turn.read().state == "cancelled"
    assert site.turn(turn.id)["identity_id"] == back_end.identity


def test_a_surface_key_acts_for_its_external_users(site, back_end):
    model = site.model("rate=0;tokens=5")
    ids = []
    for user in ("anna", "ben", "anna"):
        response = back_end.request(
            "POST", "/chat/start", json={"message": "Hi", "model": model.name}, headers={"X-Sluice-User": user}
        )
        assert response.status_code == 200, response.text
        ids.append(site.turn(response.json()["turn"])["identity_id"])
    assert ids[0] == ids[2] != ids[1]
    # One user's conversation is none for another.
    body = {"message": "Hi", "model": model.name, "conversation": response.json()["conversation"]}
    theirs = back_end.request("POST", "/chat/start", json=body, headers={"X-Sluice-User": "ben"})
    assert theirs.status_code == 404


def test_a_user_whose_name_is_not_utf8_is_refused(site, back_end):
    # Latin-1 names that differ in one byte must not become one identity.
    response = back_end.request(
        "POST", "/chat/start", json={"message": "Hi"}, headers={"X-Sluice-User": "Ren\xe9".encode("latin-1")}
    )
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "bad_request"


def test_an_unknown_or_revoked_key_is_refused(site, back_end):
    site.sql.execute("update surface_key set revoked_at = now() where id = %s", [back_end.row])
    assert back_end.post_start({"message": "Hi"}).status_code == 401
    back_end.token = f"sk_{secrets.token_urlsafe(32)}"
    assert back_end.post_start({"message": "Hi"}).status_code == 401


def test_an_expired_token_is_refused(site):
    client = site.client()
    model = site.model("rate=0;tokens=5")
    turn = client.start(model=model.name).read()
    identity = str(site.turn(turn.id)["identity_id"])
    now = int(time.time())
    assert turn.get(token=signed(site, TURN, now + 60, identity, turn.id)).status_code == 200
    assert turn.get(token=signed(site, TURN, now - 1, identity, turn.id)).status_code == 401
    assert turn.get(token=signed(site, TURN, now + 60, str(uuid.uuid4()), turn.id)).status_code == 404


def test_keys_are_rotated_without_a_restart(deploy):
    deployment = deploy()
    node = deployment.add_node()
    deployment.add_nginx()
    client = deployment.client()
    model = deployment.model("rate=0;tokens=5")
    keys = deployment.folder.path / "token.keys"
    keys.write_text(f"fresh: {secrets.token_hex(32)}\n{keys.read_text()}")
    node.process.signal(signal.SIGHUP)
    wait_until(lambda: "read anew" in node.log.read_text(), "the keys to be read")
    # The old session still counts; what is given out now is signed by the new key.
    turn = client.start(model=model.name).read()
    assert turn.token.startswith("v1.fresh.")
    keys.write_text("no keys at all\n")
    node.process.signal(signal.SIGHUP)
    wait_until(lambda: "the former one stays" in node.log.read_text(), "the bad file to be refused")
    assert client.start(model=model.name).read().state == "done"


@pytest.mark.parametrize(("kind", "life"), [(TURN, 3600), (READ, 3600), (SESSION, 30 * 86400)])
def test_a_token_in_its_last_third_is_renewed(site, kind, life):
    client = site.client()
    turn = client.start(model=site.model("rate=0;tokens=5").name).read()
    row = site.turn(turn.id)
    subject = str(row["surface_id"] if kind == SESSION else turn.id)
    now = int(time.time())
    young = turn.get(token=signed(site, kind, now + life // 2, str(row["identity_id"]), subject)).json()
    assert "token" not in young
    aging = turn.get(token=signed(site, kind, now + life // 4, str(row["identity_id"]), subject)).json()
    assert turn.get(token=aging["token"]).status_code == 200
    # The new one lives its full life, and can do no more than the old one.
    payload = decoded(aging["token"].split(".")[2])
    assert payload[0] == kind
    assert struct.unpack(">I", payload[1:5])[0] >= now + life - 60


def test_a_page_of_an_allowed_origin_polls_without_preflight(site):
    client = ChatClient(site.nginx.url)
    origin = {"Origin": "https://shop.example"}
    response = client.open_session("shop", headers=origin)
    assert response.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert response.headers["Vary"] == "Origin"
    started = client.post_start(
        {"message": "Hi", "model": site.model("rate=0;tokens=5").name, "stream": {"modes": ["poll"]}}
    ).json()
    bare = ChatClient(site.nginx.url)
    query = {"cursor": "1.0", "wait": 20000, "token": started["read_token"]}
    poll = bare.request("GET", started["links"]["poll"], params=query, headers=origin)
    assert poll.status_code == 200
    assert poll.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    foreign = bare.request("GET", started["links"]["poll"], params=query, headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403
    assert foreign.json()["error"]["code"] == "origin_refused"
    assert "Access-Control-Allow-Origin" not in foreign.headers


def test_a_preflight_is_answered_from_memory(site):
    client = ChatClient(site.nginx.url)
    allowed = client.request("OPTIONS", "/chat/start", headers={"Origin": "https://shop.example"})
    assert allowed.status_code == 204
    assert allowed.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert "POST" in allowed.headers["Access-Control-Allow-Methods"]
    assert allowed.headers["Access-Control-Max-Age"] == "86400"
    refused = client.request("OPTIONS", "/chat/start", headers={"Origin": "https://evil.example"})
    assert refused.status_code == 204
    assert "Access-Control-Allow-Origin" not in refused.headers


def test_anonymous_sessions_are_limited_by_the_minute(deploy):
    deployment = deploy()
    deployment.sql.execute("update surface set session_limit = 3 where name = 'web'")
    deployment.add_node()
    deployment.add_nginx()
    client = ChatClient(deployment.nginx.url)
    answers = [client.open_session() for _ in range(5)]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 429, 429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
