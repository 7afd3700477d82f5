"""Tokens and identities that are refused before their time, on every node within five seconds."""

import time
import uuid

import pytest
from people import back_end, code, error, identity, redeem
from signed_token import LINK, READ, SESSION, TURN, signed
from stack import wait_until
from stream_client import LINES, Stream, open_stream

# What is promised.
PROMISE_S = 5


@pytest.fixture
def pair(deploy):
    """Two nodes, each behind an nginx of its own, and a surface with users."""
    deployment = deploy()
    deployment.staffed = back_end(deployment, "discord", kind="discord")
    deployment.add_node()
    deployment.add_node()
    deployment.doors = [deployment.add_nginx([node.addresses[0]]) for node in deployment.nodes]
    deployment.chat = deployment.model("text=echo;rate=0").name
    return deployment


def block(deployment, who: str) -> None:
    deployment.sql.execute(
        "insert into revocation (identity_id, revoked_at, expires_at) values (%s, 'infinity', 'infinity')", [who]
    )


def everywhere(pair, client, status: int, path: str = "/chat/conversations") -> None:
    """What both nodes say, within the time that is promised."""
    for door in pair.doors:
        wait_until(
            lambda: client.http.get(
                f"{door.url}{path}",
                headers={"Authorization": f"Bearer {client.token}", "X-Sluice-User": getattr(client, "name", None)},
            ).status_code
            == status,
            f"{status} from {door.url}",
            PROMISE_S,
        )


def test_tokens_issued_so_far_are_refused_everywhere_and_new_ones_are_not(pair):
    client, other = pair.client(), pair.client()
    turn = client.start(model=pair.chat, message="Hello").read()
    ticket = code(client)
    who, surface = identity(client), str(pair.turn(turn.id)["surface_id"])
    pair.insert("revocation", identity_id=who)
    everywhere(pair, client, 401)
    for token in (client.token, turn.token, turn.started["read_token"]):
        assert error(turn.get(token=token)) == (401, "invalid_token")
    assert error(redeem(other, ticket)) == (422, "invalid_link_code")
    assert error(client.post_start({"message": "Hi", "model": pair.chat})) == (401, "invalid_token")
    everywhere(pair, other, 200)
    # What is issued later counts; by its back end, say, who knows who it is.
    now = int(time.time()) + PROMISE_S + 2
    for kind, life, subject in ((SESSION, 30 * 86_400, surface), (TURN, 3_600, turn.id), (READ, 3_600, turn.id)):
        assert turn.get(token=signed(pair, kind, now + life, who, subject)).status_code == 200
        before = signed(pair, kind, now - 60 + life, who, subject)
        assert error(turn.get(token=before)) == (401, "invalid_token")
    assert redeem(other, signed(pair, LINK, now + 600, who, str(uuid.uuid4()))).status_code == 200


def test_who_is_blocked_is_out_with_keys_and_links(pair):
    user, service = pair.staffed.user("anna"), pair.staffed.user(None)
    ben = pair.staffed.user("ben")
    for client in (user, service, ben):
        everywhere(pair, client, 200)
    who = identity(user, "discord")
    block(pair, who)
    everywhere(pair, user, 401)
    everywhere(pair, ben, 200)
    # A merge is no way round.
    assert error(redeem(pair.client(), signed(pair, LINK, int(time.time()) + 900, who, who))) == (
        422,
        "invalid_link_code",
    )
    block(pair, pair.staffed.service)
    everywhere(pair, service, 401)
    # Its key is refused for whomever it speaks.
    everywhere(pair, ben, 401)
    everywhere(pair, pair.staffed.user("carl"), 401)
    assert pair.sql.execute("select from identity_link where external_id = 'carl'").rowcount == 0
    # The next full reading forgets what is gone.
    pair.sql.execute("delete from revocation")
    for door in pair.doors:
        service.url = door.url
        wait_until(
            lambda: service.request("GET", "/chat/conversations").status_code == 200, "the block to be lifted", 70
        )


def test_who_has_become_a_blocked_one_is_out_as_well(pair):
    visitor, owner = pair.client(), pair.client()
    assert redeem(visitor, code(owner)).status_code == 200
    block(pair, identity(owner))
    everywhere(pair, owner, 401)
    everywhere(pair, visitor, 401)


@pytest.mark.parametrize("accept", ["text/event-stream", LINES])
def test_streams_of_a_revoked_identity_are_closed(pair, accept):
    client, other = pair.client(), pair.client()
    model = pair.model("rate=20;tokens=100000").name
    turns = [one.start(model=model).read_some(1) for one in (client, other)]
    path = f"/chat/{turns[0].id}/events?cursor=1.0"
    streams = [Stream(door.url, path, accept=accept, token=turns[0].token) for door in pair.doors]
    kept = open_stream(turns[1])
    assert all(next(iter(stream)) for stream in [*streams, kept])
    began = time.monotonic()
    pair.insert("revocation", identity_id=identity(client))
    for stream in streams:
        assert all(message.event == "chunk" for message in stream), "it ends without an end"
    assert time.monotonic() - began < PROMISE_S
    # Whoever comes again is refused; the turn goes on, and the other stream.
    assert Stream(pair.doors[1].url, path, accept=accept, token=turns[0].token).status == 401
    assert pair.turn(turns[0].id)["state"] == "streaming"
    assert next(iter(kept)).event == "chunk"
    kept.close()
    for turn in turns:
        pair.sql.execute("update turn set cancel_requested_at = now() where id = %s", [turn.id])
