"""Every error: its status, its code, its headers, and that it tells no more than that."""

import re
import statistics
import time
import uuid

import pytest
import requests
from conftest import LOGS
from deployment import Deployment
from errors import DOORS, FOREIGN_PAGE, PAGE, ROUTES, Row, World, add_node, request, rows
from raw_http import Reply, Request, send
from stack import wait_until

each_row = pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in rows()])


@pytest.fixture(scope="module", params=DOORS)
def door(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def world(door, postgres, programs, worker_id):
    """One for all rows of this worker: no row changes what another one asks about."""
    with Deployment(postgres, programs, LOGS / f"errors-{door}-{worker_id}") as deployment:
        yield World(deployment, door)


def assert_refused(reply: Reply, row: Row, secrets: list[str], *, has_body: bool = True) -> None:
    """The reply is this row's, whole, and nothing else."""
    assert reply.status == row.status, reply
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["cache-control"] == "no-store"
    for name in ("retry-after", "www-authenticate", "allow"):
        pattern, value = row.headers.get(name), reply.headers.get(name)
        assert re.fullmatch(pattern, value or "") if pattern else value is None, f"{name}: {value}"
    if not has_body:
        assert reply.body == b""
        return
    answer = reply.json
    assert set(answer) == {"error", *row.extra}
    assert set(answer["error"]) == {"code", "message", "retryable"}
    assert answer["error"]["code"] == row.code
    assert answer["error"]["retryable"] is row.retryable
    # A sentence for people, however long what they sent was.
    assert re.fullmatch(r"\S.{0,250}\.", answer["error"]["message"], re.S)
    for secret in secrets:
        # A live turn's own tokens are in the refusal of a second start, for the one who may have them.
        assert secret in row.extra_values(answer) or not reply.holds(secret)


def wrong_request(world: World, row: Row, headers: dict[str, str]) -> Request:
    if row.doors and world.door not in row.doors:
        pytest.skip(f"nginx answers this one by itself before {world.door}")
    return row.request(world).with_headers(headers)


@each_row
def test_a_wrong_request(world, row):
    wrong = wrong_request(world, row, {})
    reply = send(world.url, wrong)
    assert_refused(reply, row, world.secrets, has_body=wrong.method != "HEAD")
    assert "access-control-allow-origin" not in reply.headers


@each_row
def test_a_wrong_request_of_an_allowed_page_may_be_read_by_it(world, row):
    wrong = wrong_request(world, row, {"Origin": PAGE})
    reply = send(world.url, wrong)
    assert_refused(reply, row, world.secrets, has_body=wrong.method != "HEAD")
    if row.readable:
        assert reply.headers["access-control-allow-origin"] == PAGE
        assert "Origin" in reply.headers["vary"]
        assert "Retry-After" in reply.headers["access-control-expose-headers"]


@each_row
def test_a_wrong_request_of_a_foreign_page_may_not(world, row):
    reply = send(world.url, wrong_request(world, row, {"Origin": FOREIGN_PAGE}))
    # Whether the origin or the mistake is seen first.
    assert reply.status in (403, row.status)
    assert "access-control-allow-origin" not in reply.headers


FOREIGN = Row("a foreign page", lambda world: None, 403, "origin_refused")
RIGHT = {
    "start": lambda world: request(
        "POST", "/chat/start", {"message": "Hi", "model": world.model.name}, token=world.token
    ),
    "session": lambda world: request("POST", "/chat/session", {"surface": "open"}),
    "poll": lambda world: request("GET", f"/chat/{world.ended.id}/poll?cursor=1.0", token=world.token),
    "poll of a live turn": lambda world: request("GET", f"/chat/{world.live.id}/poll", token=world.token),
    "cancel": lambda world: request("POST", f"/chat/{world.ended.id}/cancel", token=world.token),
    "cancel of a live turn": lambda world: request("POST", f"/chat/{world.live.id}/cancel", token=world.token),
    **{name: lambda world, route=route: request(*route(world), token=world.token) for name, route in ROUTES.items()},
}


@pytest.mark.parametrize("right", RIGHT.values(), ids=RIGHT)
@pytest.mark.parametrize("origin", [FOREIGN_PAGE, "null", f"{PAGE}.evil.example", f"{PAGE}:444", PAGE.upper()])
def test_a_page_that_no_surface_names_is_refused(world, right, origin):
    reply = send(world.url, right(world).with_headers({"Origin": origin}))
    assert_refused(reply, FOREIGN, world.secrets)
    assert "access-control-allow-origin" not in reply.headers
    assert world.deployment.turn(world.live.id)["cancel_requested_at"] is None
    messages = "select from message where conversation_id = %s"
    assert world.deployment.sql.execute(messages, [world.ended.conversation]).fetchall()


PATHS = ["/chat/start", "/chat/session", "/chat/{}/poll", "/chat/{}/cancel"]
PATHS += ["/chat/models", "/chat/conversations", "/chat/conversations/{}"]


@pytest.mark.parametrize("path", PATHS)
def test_a_preflight_permits_the_pages_that_surfaces_name(world, path):
    def permission(origin: str) -> str | None:
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        reply = send(world.url, request("OPTIONS", path.format(world.ended.id), headers=headers))
        assert (reply.status, reply.body) == (204, b"")
        assert "Origin" in reply.headers["vary"]
        return reply.headers.get("access-control-allow-origin")

    assert permission(PAGE) == PAGE
    assert permission(FOREIGN_PAGE) is None


def test_a_chunked_body_is_a_body(world):
    body = {"message": "Hi", "model": world.model.name}
    reply = send(world.url, request("POST", "/chat/start", body, token=world.token, chunked=True))
    assert (reply.status, reply.json["state"]) == (200, "done")


@pytest.mark.parametrize("kind", ["session", "turn", "read"])
def test_a_token_with_any_character_changed_is_refused(world, kind):
    token = {"session": world.token, "turn": world.ended.token, "read": world.ended.started["read_token"]}[kind]
    row = Row("changed", lambda world: None, 401, "invalid_token", headers={"www-authenticate": "Bearer"})
    path = f"/chat/{world.ended.id}/poll?cursor=1.0"
    assert send(world.url, request("GET", path, token=token)).status == 200
    for place, character in enumerate(token):
        # The neighbour differs in the lowest bit, the last of which a sloppy decoder drops.
        changed = token[:place] + chr(ord(character) ^ 1) + token[place + 1 :]
        assert_refused(send(world.url, request("GET", path, token=changed)), row, [])


SAMPLES = 201


@pytest.mark.parametrize("kind", ["poll", "cancel"])
def test_a_foreign_turn_and_an_absent_one_are_the_same_to_the_byte_and_in_time(world, kind):
    method, query = ("GET", "?cursor=1.0") if kind == "poll" else ("POST", "")
    kept = requests.Session()
    times: dict[str, list[float]] = {}
    seen = set()

    def ask(name: str, turn: str, token: str) -> None:
        begun = time.perf_counter()
        reply = kept.request(
            method, f"{world.url}/chat/{turn}/{kind}{query}", headers={"Authorization": f"Bearer {token}"}, timeout=60
        )
        times.setdefault(name, []).append(time.perf_counter() - begun)
        headers = {name: value for name, value in reply.headers.items() if name != "Date"}
        seen.add((reply.status_code, tuple(sorted(headers.items())), reply.content))

    # Many visitors, each within what it may ask at once; by turns, so that the machine's moods are the same.
    for _ in range(SAMPLES // 3):
        visitor = world.session().token
        for _ in range(3):
            ask("foreign", world.strange.id, visitor)
            ask("live", world.strange_live.id, visitor)
            ask("absent", str(uuid.uuid4()), visitor)
            ask("malformed", "not-a-turn", visitor)
    assert len(seen) == 1, seen
    assert {status for status, _, _ in seen} == {404}
    # What is no id at all is refused without a look into the database; that tells nobody anything.
    del times["malformed"]
    medians = {name: statistics.median(samples) for name, samples in times.items()}
    assert max(medians.values()) < 2 * min(medians.values()), medians


def test_a_classic_request_waits_fifty_seconds(world):
    # The longest a start may hold nginx; the same key then attaches again.
    row = Row(
        "waited",
        lambda world: None,
        504,
        "still_running",
        retryable=True,
        extra=frozenset({"turn", "conversation"}),
    )
    body = {"message": "Hi", "model": world.endless.name}
    wrong = request("POST", "/chat/start", body, token=world.token, headers={"Idempotency-Key": uuid.uuid4().hex})
    reply = send(world.url, wrong)
    assert_refused(reply, row, world.secrets)
    row = world.deployment.turn(reply.json["turn"])
    assert (row["state"], str(row["conversation_id"])) == ("streaming", reply.json["conversation"])


# MARK: errors of a node's state


@pytest.fixture
def node_world(door, deploy):
    """A deployment of the test's own, and how to reach it through this door."""

    def make(server=None, **settings):
        deployment = deploy(server)
        return deployment, add_node(deployment, door, **settings)

    return make


def unavailable(code: str) -> Row:
    return Row(code, lambda world: None, 503, code, retryable=True, headers={"retry-after": r"[1-9]\d?"})


def test_a_full_node_takes_no_further_turn(node_world):
    deployment, _ = node_world(turn_limit="1")
    client = deployment.client()
    first = client.start(model=deployment.model("rate=20;tokens=100000").name)
    body = {"message": "Hi", "model": deployment.model("rate=0;tokens=5").name}
    refused = send(deployment.nginx.url, request("POST", "/chat/start", body, token=client.token))
    assert_refused(refused, unavailable("overloaded"), [])
    # The turn that runs is not touched, and makes room by its end.
    first.read_some(10).cancel()
    assert first.read().state == "cancelled"
    wait_until(lambda: client.post_start(body).status_code == 200, "room for a turn")


def test_a_draining_node_takes_no_turn_and_serves_its_own(node_world):
    deployment, node = node_world(drain_timeout="60s")
    client = deployment.client()
    turn = client.start(model=deployment.model("rate=20;tokens=100000").name).read_some(10)
    node.drain()
    wait_until(lambda: "draining" in node.log.read_text(), "the drain to begin")
    body = {"message": "Hi", "model": deployment.model("rate=0;tokens=5").name}
    refused = send(deployment.nginx.url, request("POST", "/chat/start", body, token=client.token))
    assert_refused(refused, unavailable("draining"), [])
    seen = len(turn.text)
    turn.read(until=lambda turn: len(turn.text) > seen)
    turn.cancel()
    assert turn.read().state == "cancelled"
    assert node.wait() == 0


def test_without_its_database_a_node_says_so(own_postgres, node_world):
    deployment, node = node_world(own_postgres)
    client = deployment.client()
    model = deployment.model("rate=0;tokens=5")
    ended = client.start(model=model.name).read()
    left = "select count(*) from pg_stat_activity where usename = 'sluice_app'"
    assert deployment.sql.execute(left).fetchone()
    deployment.sql.close()
    own_postgres.stop("immediate")
    url, absent = deployment.nginx.url, uuid.uuid4()
    try:
        for wrong in (
            request("POST", "/chat/session", {"surface": "web"}),
            request("GET", f"/chat/{absent}/poll?cursor=1.0", token=client.token),
            request("POST", f"/chat/{absent}/cancel", token=client.token),
            request("POST", "/chat/start", {"message": "Hi", "model": model.name}, token=client.token),
            request("POST", "/chat/start", {"message": "Hi"}, token="sk_" + "x" * 43),
        ):
            reply = send(url, wrong)
            # Once its lease has lapsed a node takes no turn, whoever is to blame.
            code = reply.json["error"]["code"]
            assert code == "unavailable" or (wrong.target == "/chat/start" and code == "draining")
            assert_refused(reply, unavailable(code), [])
        # What needs no database is as ever.
        assert send(url, request("GET", "/chat/nothing/here")).status == 404
        assert send(url, request("GET", f"/chat/{ended.id}/poll?cursor=x", token=client.token)).status == 400
    finally:
        own_postgres.start()
        deployment.connect()
    wait_until(lambda: client.post_start({"message": "Hi", "model": model.name}).status_code == 200, "its return", 60)
