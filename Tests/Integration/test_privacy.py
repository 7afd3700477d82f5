"""What is kept of a person: exported and erased."""

import hashlib
import json
import secrets
import stat
import uuid
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from chat_client import ChatClient
from desk import Desk
from stack import wait_until

CANARY = "canary-of-a-person"


@pytest.fixture
def desk(deploy) -> Desk:
    """A running site with a back end that speaks for its users."""
    deployment = deploy()
    deployment.add_node()
    deployment.add_nginx()
    return Desk(deployment)


class User:
    """One user of a surface's back end."""

    def __init__(self, desk: Desk, name: str, surface: str = "staff"):
        self.desk, self.name = desk, name
        key = f"sk_{secrets.token_urlsafe(32)}"
        row = desk.sql.execute("select id from surface where name = %s", [surface]).fetchone()
        service = desk.insert("identity", kind="service")
        desk.insert(
            "surface_key",
            surface_id=row["id"],
            identity_id=service["id"],
            hash=hashlib.sha256(key.encode()).digest(),
            label="Back end",
        )
        self.client = ChatClient(desk.nginx.url)
        self.client.token = key

    def start(self, message: str, **options):
        headers = {"X-Sluice-User": self.name, **options.pop("headers", {})}
        return self.client.request("POST", "/chat/start", json={"message": message, **options}, headers=headers)

    @property
    def identity(self) -> str:
        row = self.desk.sql.execute("select identity_id from identity_link where external_id = %s", [self.name])
        return str(row.fetchone()["identity_id"])


def talk(desk: Desk, name: str) -> User:
    """A user with conversations, an error, a deleted conversation, names and a link, all of which bear the canary."""
    user = User(desk, f"{CANARY}-{name}")
    model = desk.model("rate=0;text=echo").name
    first = user.start(
        f"{CANARY} one", model=model, metadata={"page": CANARY}, headers={"Idempotency-Key": f"{CANARY}-key"}
    )
    assert first.status_code == 200, first.text
    again = user.start(f"{CANARY} two", model=model, conversation=first.json()["conversation"])
    assert again.json()["message"]["content"] == f"{CANARY} two"
    broken = user.start(f"{CANARY} three", model=desk.model("fault=reset;after=1").name)
    assert broken.json()["state"] == "error", broken.text
    gone = user.start(f"{CANARY} four", model=model).json()["conversation"]
    headers = {"X-Sluice-User": user.name}
    assert user.client.request("DELETE", f"/chat/conversations/{gone}", headers=headers).status_code == 204
    desk.sql.execute("update identity set display_name = %s where id = %s", [f"{CANARY} {name}", user.identity])
    return user


def dump(desk: Desk) -> str:
    return desk.postgres.run("pg_dump", "--inserts", "-d", desk.database).stdout


def test_an_export_is_all_that_is_kept(desk, tmp_path):
    user, other = talk(desk, "ada"), User(desk, "somebody else")
    other.start("Not hers", model=desk.model("rate=0;text=echo").name)
    path = tmp_path / "ada.jsonl"
    done = desk.run("identity", "export", user.identity[:30], "--output", path, user="sluice_privacy")
    assert done.returncode == 0 and done.stdout == "", done.stderr
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert f"{len(lines)} lines" in done.stderr
    kinds = {kind: [line["item"] for line in lines if line["kind"] == kind] for kind in {e["kind"] for e in lines}}
    assert kinds["identity"][0]["display_name"] == f"{CANARY} ada"
    assert [link["external_id"] for link in kinds["link"]] == [f"{CANARY}-ada"]
    assert [link["surface"] for link in kinds["link"]] == ["staff"]
    assert [row["key"] for row in kinds["idempotency"]] == [f"{CANARY}-key"]
    said = [part["text"] for message in kinds["message"] for part in message["parts"]]
    # The text of the broken one, as far as it came.
    assert sorted(said) == ["Some", *(f"{CANARY} {word}" for word in ("one", "one", "three", "two", "two"))]
    # The deleted conversation's is among them, without content.
    assert len(kinds["conversation"]) == 2 and len(kinds["turn"]) == 4 and len(kinds["usage"]) == 4
    assert {"page": CANARY} in [turn["metadata"] for turn in kinds["turn"]]
    assert any(CANARY in json.dumps(row["events"]) for row in kinds["log"])
    text = path.read_text()
    assert "Not hers" not in text and "canary-model" not in text and "hash" not in text
    again = desk.refused("identity", "export", user.identity, "--output", path, user="sluice_privacy")
    assert "File exists" in again
    assert desk.do("identity", "export", user.identity, user="sluice_privacy").splitlines()[0] == text.splitlines()[0]
    audit = desk.sql.execute("select login, row_key from audit where operation = 'export'").fetchall()
    assert audit == [{"login": "sluice_privacy", "row_key": {"id": user.identity}}] * 3


def test_nothing_is_left_of_who_is_erased(desk):
    user, other = talk(desk, "ada"), User(desk, "somebody else")
    other.start("To be kept", model=desk.model("rate=0;text=echo").name)
    identity = user.identity
    assert CANARY in dump(desk)
    assert "--yes" in desk.refused("identity", "erase", identity, user="sluice_privacy")
    assert CANARY in dump(desk)
    done = desk.json("identity", "erase", identity, "--yes", user="sluice_privacy")
    assert done == {"id": identity, "conversations": 2}
    left = dump(desk)
    assert CANARY not in left and "To be kept" in left
    # For accounting.
    ledger = desk.sql.execute("select count(*) as n from usage_ledger where identity_id = %s", [identity]).fetchone()
    turns = desk.sql.execute("select count(*) as n from turn where identity_id = %s", [identity]).fetchone()
    assert ledger["n"] == turns["n"] == 4
    assert desk.json("identity", "erase", identity, "--yes", user="sluice_privacy")["conversations"] == 0
    # The name is nobody's any more: who bears it is a stranger, once the node has forgotten whom it named.
    model = desk.model("rate=0;text=echo").name
    assert user.start("Who am I?", model=model).status_code == 401
    wait_until(lambda: user.start("Who am I?", model=model).status_code == 200, "the node to forget")
    assert user.identity != identity
    assert other.start("Still here", model=desk.model("rate=0;text=echo").name).status_code == 200
    audit = desk.sql.execute(
        "select login, operation from audit where row_key ->> 'id' = %s and changes ? 'erased_at'", [identity]
    ).fetchall()
    assert audit == [{"login": "sluice_privacy", "operation": "update"}]


def test_a_live_turn_is_ended_before_it_is_erased(desk):
    visitor = desk.client()
    turn = visitor.start(f"{CANARY} live", model=desk.model("rate=20;tokens=5000").name, metadata={"a": CANARY})
    turn.read_some(5)
    identity = str(desk.turn(turn.id)["identity_id"])
    said = desk.do("identity", "erase", identity, "--yes", user="sluice_privacy")
    assert "1 conversations" in said
    row = desk.turn(turn.id)
    assert (row["state"], row["metadata"], row["error"]) == ("cancelled", {}, None)
    assert desk.events(turn.id) == [] and CANARY not in dump(desk)
    refused = visitor.request("POST", "/chat/start", json={"message": "Hi", "model": desk.model().name})
    assert refused.status_code == 401, refused.text


def test_many_conversations_are_erased_a_few_at_a_time(desk):
    """Each step is a transaction of its own, so that it can be broken off and goes on where it was."""
    identity = desk.insert("identity", kind="person", display_name=CANARY)["id"]
    surface = desk.sql.execute("select id from surface where name = 'web'").fetchone()["id"]
    desk.sql.execute(
        "with made as (insert into conversation (id, identity_id, surface_id)"
        " select gen_random_uuid(), %s, %s from generate_series(1, 250) returning id)"
        " insert into message (conversation_id, id, role, parts)"
        """ select id, gen_random_uuid(), 'user', '[{"type": "text", "text": "canary-of-a-person"}]' from made""",
        [identity, surface],
    )
    step = "select conversations, live, done from identity_erase(%s)"
    first = desk.sql.execute(step, [identity]).fetchone()
    assert 0 < first["conversations"] <= 100 and not first["done"]
    left = desk.json("identity", "erase", identity, "--yes", user="sluice_privacy")["conversations"]
    assert first["conversations"] + left == 250
    assert CANARY not in dump(desk)


def test_a_start_under_way_is_erased_with_the_rest(desk):
    """An erasure waits for it; the next one finds that its identity is gone."""
    identity = desk.insert("identity", kind="person")["id"]
    surface = desk.sql.execute("select id from surface where name = 'web'").fetchone()["id"]
    with (
        psycopg.connect(desk.postgres.conninfo(desk.database, "sluice_app")) as start,
        psycopg.connect(desk.postgres.conninfo(desk.database, "sluice_privacy"), autocommit=True) as eraser,
        ThreadPoolExecutor() as threads,
    ):
        # As start_take does.
        there = "select from sluice.identity where id = %s and erased_at is null for key share"
        assert start.execute(there, [identity]).rowcount == 1
        step = "select conversations, live, done from sluice.identity_erase(%s)"
        erasing = threads.submit(lambda: eraser.execute(step, [identity]).fetchone())
        waits = (
            "select count(*) as n from pg_stat_activity where datname = current_database()"
            " and wait_event_type = 'Lock' and usename = 'sluice_privacy'"
        )
        wait_until(lambda: desk.sql.execute(waits).fetchone()["n"], "the erasure to wait")
        start.execute(
            "insert into sluice.conversation (id, identity_id, surface_id) values (gen_random_uuid(), %s, %s)",
            [identity, surface],
        )
        start.commit()
        assert erasing.result() == (1, 0, True)
        assert start.execute(there, [identity]).rowcount == 0


@pytest.mark.parametrize("user", ["sluice_admin", "sluice_report"])
@pytest.mark.parametrize("words", [["export"], ["erase", "--yes"]])
def test_it_takes_a_role_of_its_own(furnished, user, words):
    identity = furnished.insert("identity", kind="person", display_name="Ada")["id"]
    said = furnished.refused("identity", words[0], str(identity), *words[1:], user=user)
    assert "a member of sluice_privacy" in said
    row = furnished.sql.execute("select display_name from identity where id = %s", [identity]).fetchone()
    assert row["display_name"] == "Ada"


@pytest.mark.parametrize("word", ["export", "erase"])
def test_who_is_not_there_is_not_exported_or_erased(furnished, word):
    for reference in ("ada", str(uuid.uuid4())):
        said = furnished.refused("identity", word, reference, user="sluice_privacy")
        assert f"there is no identity {reference}" in said
