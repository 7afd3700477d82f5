"""Turns and nodes by command line."""

import json
import uuid

import pytest
from desk import caller
from stack import wait_until


@pytest.fixture
def chat(desk):
    """A desk with a node, nginx and a client that may start turns."""
    desk.deployment.visitor = caller(desk, "rate=50;tokens=5000")
    return desk


def test_live_turns_are_listed_and_cancelled(chat):
    turn = chat.visitor.start("A private question").read_some(20)
    live = chat.json("turn", "list", "--live")
    assert [row["id"] for row in live] == [turn.id]
    assert (live[0]["state"], live[0]["model_name"], live[0]["surface"]) == ("streaming", "assistant", "shop")
    assert set(live[0]) == chat.columns("turn") - {"metadata", "request"} | {"display_name", "surface", "host"}
    assert turn.id in chat.do("turn", "list")
    assert "is to be cancelled" in chat.do("turn", "cancel", turn.id)
    assert turn.read().state == "cancelled"
    assert "has ended: cancelled" in chat.refused("turn", "cancel", turn.id)
    assert chat.json("turn", "list", "--live") == []
    row = chat.json("turn", "show", turn.id)
    assert (row["state"], row["id"]) == ("cancelled", turn.id)
    for shown in (chat.do("turn", "show", turn.id), json.dumps(row), json.dumps(live)):
        assert "private" not in shown and turn.text[:20] not in shown


def test_turns_are_found_by_whom_where_and_how_they_ended(chat):
    route = chat.json("route", "list")[0]["id"]
    chat.do("route", "set", route, "--provider-model", f"{uuid.uuid4().hex};rate=0;tokens=5")
    turns = [chat.visitor.start("Hi").read() for _ in range(3)]
    chat.do("route", "set", route, "--provider-model", f"{uuid.uuid4().hex};fault=reset;after=1")
    broken = chat.visitor.start("Hi", conversation=turns[2].conversation).read()
    assert broken.state == "error"
    ids = [turn.id for turn in turns]

    def found(*words) -> list[str]:
        return [row["id"] for row in chat.json("turn", "list", *words)]

    assert found() == [broken.id, *reversed(ids)]
    assert found("--limit", 2) == [broken.id, ids[2]]
    assert found("--state", "error") == [broken.id]
    assert found("--conversation", turns[2].conversation) == [broken.id, ids[2]]
    assert found("--conversation", turns[2].conversation, "--state", "done") == [ids[2]]
    assert found("--conversation", turns[0].conversation, "--live") == []
    identity = str(chat.turn(ids[0])["identity_id"])
    assert len(found("--identity", identity)) == 4
    assert chat.json("turn", "list", "--identity", identity)[0]["display_name"] == "Shop"
    # All of one minute, as a rule.
    assert "several turns begin with" in chat.refused("turn", "show", ids[0][:8]) or ids[0][:8] != ids[2][:8]
    assert chat.json("turn", "show", ids[0][:30])["id"] == ids[0]


def test_content_needs_a_right_of_its_own(chat):
    turn = chat.visitor.start("A private question", metadata={"page": "/help"}).read_some(20)
    refusal = chat.refused("turn", "show", turn.id, "--content")
    assert "grant sluice_privacy to" in refusal and "private" not in refusal
    chat.sql.execute("create role reader_%s login in role sluice_admin, sluice_privacy" % chat.database)
    reader = f"reader_{chat.database}"
    try:
        live = chat.json("turn", "show", turn.id, "--content", user=reader)
        assert live["user_message"] == [{"type": "text", "text": "A private question"}]
        assert live["message"] is None and live["text"].startswith(turn.text[:20])
        assert live["metadata"] == {"page": "/help"}
        assert "assistant, so far:" in chat.do("turn", "show", turn.id, "--content", user=reader)
        turn.cancel()
        turn.read()
        done = chat.json("turn", "show", turn.id, "--content", user=reader)
        assert done["message"] == [{"type": "text", "text": turn.text}] and done["text"] == turn.text
        shown = chat.do("turn", "show", turn.id, "--content", user=reader)
        assert "user:\nA private question\n" in shown and f"assistant:\n{turn.text}" in shown
        assert '{"page":"/help"}' in shown
    finally:
        chat.sql.execute(f"drop owned by {reader}; drop role {reader}")


# MARK: nodes


def test_a_living_node_is_not_voided(chat):
    node = chat.json("node", "list")[0]
    assert node["state"] == "live"
    assert "stop the program" in chat.refused("node", "remove", node["incarnation"])
    assert chat.json("node", "show", node["incarnation"])["voided_at"] is None
    turn = chat.visitor.start("Hi").read_some(20)
    assert chat.json("node", "show", node["incarnation"][:18])["live_turns"] == 1
    turn.cancel()


def test_the_turns_of_a_voided_node_are_ended(chat):
    """Before the living node has had contact long enough to judge by itself."""
    turn = chat.visitor.start("Hi").read_some(20)
    chat.nodes[0].kill()
    incarnation = chat.json("node", "list")[0]["incarnation"]
    chat.sql.execute("update node set lease_until = clock_timestamp()")
    said = chat.do("node", "remove", incarnation)
    assert incarnation in said and "is voided" in said and "1 left" in said
    assert chat.json("node", "show", incarnation)["state"] == "voided"
    chat.nodes[0].start()
    wait_until(lambda: chat.turn(turn.id)["state"] == "interrupted", "the turn to be ended")
    assert "was voided" in chat.do("node", "remove", incarnation)
