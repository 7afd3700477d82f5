"""What roles and surfaces allow while things go on: tools at each call, rights that are taken away, what it costs."""

import hashlib
import json
import secrets
import socket

import openai
import pytest
from chat_client import ChatClient, Turn, new_key
from deployment import by_tag
from openai_client import Streamed, openai_client
from scripted_provider import STREAM, ScriptedProvider, delta, event
from stack import wait_until
from stream_client import open_stream
from watched_database import WatchedDatabase

HELLO = [{"role": "user", "content": "Hello"}]


def tool(name: str) -> dict:
    return {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}}


def surface_of(deployment, name: str, *, role: str | None = None, **columns) -> dict:
    """A surface whose role grants nothing yet, named like it; known to a node that is started later."""
    granted = deployment.insert("role", name=role or name, **columns)["id"]
    return deployment.insert(
        "surface", name=name, kind="web", anonymous=True, pace_ms=40, session_limit=1000, role_id=granted,
        anonymous_role_id=granted,
    )


def grant(deployment, role: str, *models: str, tools: tuple = ()) -> None:
    for model in models:
        deployment.sql.execute(
            "insert into role_model select r.id, m.id from role r, virtual_model m where r.name = %s and m.name = %s",
            [role, model],
        )
    for name in tools:
        deployment.sql.execute("insert into role_tool select id, %s from role where name = %s", [name, role])


def visitor(deployment, surface: str) -> ChatClient:
    client = ChatClient(deployment.nginx.url)
    assert client.open_session(surface).status_code == 201
    return client


def code(response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


@pytest.fixture
def booth(deploy):
    """A deployment whose surface `booth` gives the role `booth`, which grants nothing yet."""
    deployment = deploy()
    surface_of(deployment, "booth")
    deployment.add_node()
    deployment.add_nginx()
    return deployment


# MARK: roles


def test_a_grant_holds_from_the_next_start_on(booth):
    model = booth.model("rate=0;tokens=5").name
    client = visitor(booth, "booth")
    assert code(client.post_start({"message": "Hi", "model": model})) == (422, "unknown_model")
    assert client.request("GET", "/chat/models").json() == {"models": []}
    grant(booth, "booth", model)
    assert [one["name"] for one in client.request("GET", "/chat/models").json()["models"]] == [model]
    turn = client.ask(model=model)
    # It is taken away: nothing new, and what was said stays to be read.
    booth.sql.execute("delete from role_model")
    again = {"message": "Hi", "model": model, "conversation": turn["conversation"]}
    assert code(client.post_start(again)) == (422, "unknown_model")
    read = client.request("GET", f"/chat/conversations/{turn['conversation']}")
    assert [message["role"] for message in read.json()["messages"]] == ["user", "assistant"]
    assert client.request("GET", f"/chat/{turn['turn']}/poll?cursor=1.0").json()["state"] == "done"


def test_a_role_of_ones_own_holds_on_every_surface(booth):
    model = booth.model("rate=0;tokens=5").name
    client, other = visitor(booth, "booth"), visitor(booth, "booth")
    booth.insert("role", name="tester", all_models=True)
    identity = client.open_session("booth").json()["identity"]
    booth.sql.execute(
        "insert into identity_role (identity_id, role_id) select %s, id from role where name = 'tester'", [identity]
    )
    assert client.ask(model=model)["state"] == "done"
    assert code(other.post_start({"message": "Hi", "model": model})) == (422, "unknown_model")


def test_the_default_of_a_surface_must_be_granted_too(booth):
    model = booth.model("rate=0;tokens=5").name
    booth.sql.execute("update surface set default_model = %s where name = 'booth'", [model])
    client = visitor(booth, "booth")
    assert code(client.post_start({"message": "Hi"})) == (422, "unknown_model")
    grant(booth, "booth", model)
    assert client.ask()["state"] == "done"


# MARK: tools


def test_only_granted_tools_may_be_offered(booth):
    model = booth.model("rate=0;tokens=3;tools=1")
    grant(booth, "booth", model.name, tools=("find",))
    client = openai_client(booth.nginx.url, visitor(booth, "booth").token)
    offered = {"model": model.name, "messages": HELLO}
    for names in (["open"], ["find", "open"]):
        with pytest.raises(openai.PermissionDeniedError) as failure:
            client.chat.completions.create(tools=[tool(name) for name in names], **offered)
        assert (failure.value.code, failure.value.param) == ("tool_refused", "tools")
    # Before anything is written, or asked of the provider.
    assert booth.sql.execute("select from turn").fetchall() == [] and booth.upstream(model) == []
    message = client.chat.completions.create(tools=[tool("find")], **offered).choices[0].message
    assert [call.function.name for call in message.tool_calls] == ["find"]


def calling(*names: str):
    """A provider whose model says a word and calls these tools, whatever is offered."""

    def answer(connection, body):
        connection.sendall(STREAM + delta("Well. "))
        for index, name in enumerate(names):
            call = {"index": index, "id": f"call_{index}", "function": {"name": name, "arguments": "{}"}}
            connection.sendall(event({"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}))
        connection.sendall(event({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}))
        connection.sendall(event("[DONE]"))
        connection.shutdown(socket.SHUT_WR)

    return ScriptedProvider(answer)


@pytest.mark.parametrize("called", [("open",), ("find", "open"), ("open", "find"), ("",)])
def test_a_call_of_what_was_not_offered_ends_the_turn_unseen(site, called):
    model = site.model(route={"region": calling(*called).url})
    visitor = site.client()
    client = openai_client(site.nginx.url, visitor.token)
    with pytest.raises(openai.PermissionDeniedError) as failure:
        client.chat.completions.create(model=model.name, messages=HELLO, tools=[tool("find")])
    assert failure.value.code == "tool_refused"
    assert failure.value.response.headers["x-should-retry"] == "false"
    row = site.sql.execute("select * from turn where model_name = %s", [model.name]).fetchone()
    assert (row["state"], row["error"]["code"]) == ("error", "tool_refused")
    events = site.events(row["id"])
    # The text that came before stays; of no call is anything told, nor of those that may be.
    assert "".join(one.get("text", "") for one in events) == "Well. "
    assert not any(one["type"] == "tool" for one in events)
    reply = visitor.request("GET", f"/chat/{row['id']}/poll?cursor=1.0").json()
    assert (reply["state"], reply["error"]["code"]) == ("error", "tool_refused")


@pytest.mark.parametrize("is_granted", [True, False])
def test_a_call_is_held_against_what_is_granted_where_a_turn_is_begun_anew(deploy, is_granted):
    deployment = deploy()
    surface_of(deployment, "booth")
    nodes = [deployment.add_node() for _ in range(2)]
    deployment.add_nginx(by_tag(nodes), idle="2s")
    model = deployment.model("rate=20;tokens=60;tools=1", on_interrupt="restart")
    grant(deployment, "booth", model.name, tools=("find",))
    person = visitor(deployment, "booth")
    client = openai_client(deployment.nginx.url, person.token)
    Streamed(client, model=model.name, messages=HELLO, tools=[tool("find")]).read_some()
    row = deployment.sql.execute(
        "select t.id::text, n.tag from turn t join node n on n.incarnation = t.owner where t.state = 'streaming'"
    ).fetchone()
    dead = next(node for node in nodes if int(node.settings["node_tag"]) == row["tag"])
    if not is_granted:
        deployment.sql.execute("delete from role_tool")
    dead.kill()
    started = {"turn": row["id"], "conversation": "", "token": person.token, "cursor": "1.0"}
    turn = Turn(person, started).read()
    assert deployment.turn(turn.id)["restarts"] == 1
    called = [one["name"] for one in turn.events if one["type"] == "tool"]
    if is_granted:
        assert (turn.state, called) == ("done", ["find"])
    else:
        assert (turn.state, turn.end["error"]["code"], called) == ("error", "tool_refused", [])


# MARK: surfaces that change


def test_what_a_surface_can_do_holds_for_turns_under_way(booth):
    model = booth.model("rate=20;tokens=5000").name
    grant(booth, "booth", model)
    client = visitor(booth, "booth")
    turn = client.start(model=model).read_some(1)
    booth.sql.execute("update surface set capabilities = '{poll}' where name = 'booth'")
    events = f"/chat/{turn.id}/events"

    def stream_code():
        with open_stream(turn) as stream:
            return None if stream.status == 200 else json.loads(stream.text)["error"]["code"]

    wait_until(lambda: stream_code() == "capability_missing", "the streams to be shut")
    assert turn.get(wait=0).status_code == 200
    refused = client.request("GET", events)
    assert refused.json()["capability"] == "sse"
    booth.sql.execute("update surface set enabled = false where name = 'booth'")
    wait_until(lambda: turn.get(wait=0).status_code == 403, "the surface to be shut")
    assert code(turn.get(wait=0)) == (403, "surface_disabled")
    # To stop what nobody may read is still allowed.
    assert turn.cancel().status_code == 202
    booth.sql.execute("update surface set enabled = true where name = 'booth'")
    wait_until(lambda: turn.get(wait=0).status_code == 200, "it to be opened again")
    assert turn.read().state == "cancelled"


# MARK: what it costs


def test_a_start_is_one_round_trip_to_the_database(deploy):
    """With a role, tools, a limit and a key, by a session and by a surface's key that was seen before."""
    deployment = deploy()
    surface = surface_of(deployment, "booth")
    watched = WatchedDatabase(deployment.folder.path / "watched", deployment.postgres.socket)
    conninfo = deployment.postgres.conninfo(deployment.database)
    deployment.add_node(database=conninfo.replace(str(deployment.postgres.socket), str(watched.folder)))
    deployment.add_nginx()
    model = deployment.model("fault=stall;after=1;rate=0").name
    grant(deployment, "booth", model, tools=("find",))
    deployment.sql.execute(
        "insert into usage_limit (role_id, requests_per_minute, concurrent_turns, tokens_per_day)"
        " select id, 1000, 1000, 1000000 from role where name = 'booth'"
    )
    key = f"sk_{secrets.token_urlsafe(32)}"
    service = deployment.insert("identity", kind="service")["id"]
    digest = hashlib.sha256(key.encode()).digest()
    deployment.insert("surface_key", surface_id=surface["id"], identity_id=service, hash=digest, label="test")
    by_key = ChatClient(deployment.nginx.url)
    by_key.token = key
    whole = ["startTake", "startIdempotency", "startTurn", "startHistory"]
    for client in (visitor(deployment, "booth"), by_key):
        # What is known of a key for 5 s is asked beforehand.
        assert client.request("GET", "/chat/models").status_code == 200
        former = len(watched.trips)
        conversation = client.start(model=model, key=new_key()).conversation
        assert trips_of_requests(watched.trips[former:]) == [whole]
        former = len(watched.trips)
        refused = client.post_start({"message": "Hi", "model": "m-withheld", "conversation": conversation})
        assert code(refused) == (422, "unknown_model")
        assert trips_of_requests(watched.trips[former:]) == [["startTake", "startTurn", "startHistory"]]
        # The other door, with tools.
        former = len(watched.trips)
        body = {"model": model, "messages": HELLO, "tools": [tool("find")], "stream": True}
        with client.request(
            "POST", "/v1/chat/completions", json=body, headers={"Idempotency-Key": new_key()}, stream=True
        ) as begun:
            assert begun.status_code == 200
        assert trips_of_requests(watched.trips[former:]) == [whole]


# What a node does by itself, and what its turns do once they run.
BACKGROUND = {
    "nodeRenew", "nodeVoid", "nodePeers", "nodePurge", "ringRecycle", "idempotencyPurge", "surfaces", "turnsLive",
    "turnOrphans", "turnReap", "turnCancels", "turnTail", "turnMoved", "turnNoteReaders", "turnAbandon", "turnFlush",
    "turnFinish", "routeHealthWrite",
}


def trips_of_requests(trips: list[list[str]]) -> list[list[str]]:
    return [trip for trip in trips if not set(trip) <= BACKGROUND]
