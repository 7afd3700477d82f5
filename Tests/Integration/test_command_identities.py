"""`sluice identity`: who is who, and who is kept out."""

import uuid

import pytest
from chat_client import ChatClient
from desk import caller, furnish
from people import conversations, error, identity
from stack import wait_until


@pytest.fixture
def street(desk):
    """A desk with two surfaces and a person on each."""
    furnish(desk)
    desk.do("surface", "add", "discord", "--kind", "discord")
    for name, surface in (("Anna", "web"), ("Ben", "discord")):
        id = desk.json("identity", "add", "--display-name", name)["id"]
        desk.do("identity", "link", id, "--surface", surface, "--external-id", name.lower())
    return desk


def test_an_identity_is_made_named_and_found(street):
    anna = street.json("identity", "show", "web:anna")
    assert (anna["kind"], anna["display_name"], anna["state"], anna["links"]) == ("person", "Anna", "valid", 1)
    assert street.json("identity", "show", anna["id"]) == street.json("identity", "show", anna["id"][:23]) == anna
    done = street.do("identity", "set", "web:anna", "--team", "Sales", "--project", "Shop")
    assert done == f"identity {anna['id']} (Anna) changed\n"
    street.do("identity", "set", anna["id"], "--unset", "project", "--display-name", "Anna B.")
    row = street.json("identity", "show", "web:anna")
    assert (row["display_name"], row["team"], row["project"]) == ("Anna B.", "Sales", None)
    service = street.json("identity", "add", "--kind", "service")["id"]
    listed = street.json("identity", "list", "--kind", "service")
    assert service in [row["id"] for row in listed] and {row["kind"] for row in listed} == {"service"}
    # The newest first, as ids made by the commands are random: by id.
    ids = [row["id"] for row in street.json("identity", "list")]
    assert ids == sorted(ids, reverse=True) and len(street.json("identity", "list", "--limit", 2)) == 2
    assert "Anna B." in street.do("identity", "list")


def test_links_are_made_listed_and_taken_back(street):
    said = street.do("identity", "link", "web:anna", "--surface", "discord", "--external-id", "anna:1")
    assert said.startswith("discord:anna:1 is identity ")
    links = street.json("identity", "links", "web:anna")
    assert [(link["surface"], link["external_id"]) for link in links] == [("discord", "anna:1"), ("web", "anna")]
    header = street.do("identity", "links", "discord:anna:1").splitlines()[0]
    assert header.split() == ["SURFACE", "EXTERNAL", "ID", "SINCE"]
    assert "not identity" in street.do("identity", "unlink", "discord:anna:1")
    assert len(street.json("identity", "links", "web:anna")) == 1
    service = street.json("identity", "add", "--kind", "service")["id"]
    refused = street.refused("identity", "link", service, "--surface", "web", "--external-id", "bot")
    assert refused.endswith("cannot be linked: it is a service\n")


def test_two_become_one_or_are_refused(street):
    anna, ben = (street.json("identity", "show", name) for name in ("web:anna", "discord:ben"))
    done = street.json("identity", "merge", "web:anna", "--into", "discord:ben")
    assert (done["id"], done["display_name"], done["links"]) == (ben["id"], "Ben", 2)
    assert street.json("identity", "show", "web:anna")["id"] == ben["id"]
    gone = street.json("identity", "show", anna["id"])
    assert (gone["state"], gone["merged_into"], gone["links"]) == ("merged", ben["id"], 0)
    carl = street.json("identity", "add")["id"]
    service = street.json("identity", "add", "--kind", "service")["id"]
    for words, said in (
        ([anna["id"], "--into", ben["id"]], "are one already"),
        ([carl, "--into", anna["id"]], "see merged_into"),
        ([carl, "--into", service], "is a service"),
    ):
        assert said in street.refused("identity", "merge", *words)
    assert "block that one" in street.refused("identity", "block", anna["id"])
    assert "it is merged" in street.refused("identity", "link", anna["id"], "--surface", "web", "--external-id", "x")
    street.do("identity", "block", carl, "--reason", "Spam")
    assert "is blocked" in street.refused("identity", "merge", carl, "--into", ben["id"])
    street.sql.execute("update identity set erased_at = now() where id = %s", [ben["id"]])
    dora = street.json("identity", "add")["id"]
    assert "was erased" in street.refused("identity", "merge", dora, "--into", ben["id"])


def test_a_live_turn_is_waited_for(desk):
    client = caller(desk, "rate=20;tokens=5000")
    turn = client.start().read_some(1)
    who = desk.turn(turn.id)["identity_id"]
    # A person, for once, whose key is not looked at by a merge.
    desk.sql.execute("update identity set kind = 'person' where id = %s", [who])
    other = desk.json("identity", "add")["id"]
    assert "try again when it has ended" in desk.refused("identity", "merge", who, "--into", other)
    turn.cancel()
    turn.read()
    assert desk.json("identity", "merge", who, "--into", other)["id"] == other
    assert str(desk.turn(turn.id)["identity_id"]) == other


def test_who_is_revoked_or_blocked_here_is_out_there(desk):
    client = caller(desk)
    visitor = ChatClient(client.url)
    assert visitor.open_session("shop").status_code == 201
    who = identity(visitor, "shop")
    row = desk.json("identity", "revoke", who, "--reason", "Lost phone")
    assert row["tokens_revoked_at"] and row["state"] == "valid"
    wait_until(lambda: visitor.request("GET", "/chat/models").status_code == 401, "the revocation to arrive", 5)
    assert conversations(client) == set()
    service = str(desk.sql.execute("select identity_id from surface_key").fetchone()["identity_id"])
    row = desk.json("identity", "block", service, "--reason", "Spam")
    assert (row["state"], row["blocked_for"]) == ("blocked", "Spam")
    wait_until(lambda: client.request("GET", "/chat/models").status_code == 401, "the block to arrive", 5)
    assert error(client.request("GET", "/chat/models")) == (401, "invalid_token")
    assert desk.json("identity", "unblock", service)["state"] == "valid"
    assert desk.sql.execute("select reason from revocation").fetchall() == [{"reason": "Lost phone"}]


def test_one_token_is_named_by_its_jti(desk):
    jti = str(uuid.uuid4())
    row = desk.json("identity", "revoke", "--jti", jti)
    assert (row["jti"], row["identity_id"], row["reason"]) == (jti, None, None)
    assert desk.do("identity", "revoke", "--jti", jti, "--reason", "Leaked") == f"token {jti} is refused from now on\n"
    rows = desk.sql.execute("select jti, identity_id, reason from revocation order by created_at").fetchall()
    assert {(row["jti"], row["identity_id"]) for row in rows} == {(jti, None)}
    assert [row["reason"] for row in rows] == [None, "Leaked"]
