"""Surface keys by command line."""

import hashlib
import re
import uuid

import pytest
from desk import REFUSED, USAGE, furnish


def test_a_key_is_told_once_and_alone(desk):
    furnish(desk)
    done = desk.run("key", "add", "web", "--label", "Back end", "--expires", "90d")
    key = done.stdout.removesuffix("\n")
    assert re.fullmatch(r"sk_[A-Za-z0-9_-]{43}", key)
    assert key not in done.stderr
    row = desk.sql.execute(
        "select k.id, hash, i.kind, display_name, extract(epoch from expires_at - now())::int as life"
        " from surface_key k join identity i on i.id = identity_id where label = 'Back end'"
    ).fetchone()
    assert row["hash"] == hashlib.sha256(key.encode()).digest()
    assert (row["kind"], row["display_name"]) == ("service", "Back end")
    assert 90 * 86400 - 600 < row["life"] <= 90 * 86400
    assert str(row["id"]) in done.stderr
    for words in (["key", "list"], ["key", "list", "--json"], ["key", "show", row["id"], "--json"]):
        shown = desk.do(*words)
        assert key not in shown and row["hash"].hex() not in shown
    told = desk.json("key", "add", "web", "--label", "For a program")
    assert re.fullmatch(r"sk_[A-Za-z0-9_-]{43}", told["key"]) and told["key"] != key


def test_a_new_key_may_act_as_the_old_one(desk):
    furnish(desk)
    old = desk.json("key", "list")[0]
    new = desk.json("key", "add", "web", "--label", "Next", "--identity", old["identity_id"][:8])
    assert new["identity_id"] == old["identity_id"]
    assert desk.sql.execute("select count(*) from identity").fetchone()["count"] == 1
    assert "identity" in desk.refused("key", "add", "web", "--label", "No", "--identity", str(uuid.uuid4()))


def test_a_revoked_key_is_not_changed(desk):
    furnish(desk)
    key = desk.json("key", "list")[0]
    desk.do("key", "remove", key["id"])
    for words in (["--expires", "90d"], ["--label", "New"], ["--unset", "expires"]):
        said = desk.refused("key", "set", key["id"], *words)
        assert "is revoked for good" in said and "sluice key add web" in said
        assert f"--identity {key['identity_id']}" in said
    row = desk.json("key", "show", key["id"])
    assert (row["label"], row["expires_at"], row["state"]) == ("Shop", None, "revoked")


@pytest.mark.parametrize(
    ("when", "seconds"), [("45s", 45), ("30m", 1800), ("12h", 43200), ("90d", 7776000), ("8w", 4838400)]
)
def test_spans_count_from_now(desk, when, seconds):
    furnish(desk)
    key = desk.json("key", "list")[0]["id"]
    desk.do("key", "set", key, "--expires", when)
    life = "select extract(epoch from expires_at - now())::int as life from surface_key"
    assert seconds - 30 < desk.sql.execute(life).fetchone()["life"] <= seconds


@pytest.mark.parametrize(("when", "code"), [("soon", USAGE), ("0d", USAGE), ("-1d", USAGE), ("2027-13-31", REFUSED)])
def test_what_is_no_time_is_refused(furnished, when, code):
    key = furnished.json("key", "list")[0]["id"]
    assert "2027-01-31" in furnished.refused("key", "set", key, f"--expires={when}", code=code)
    assert furnished.json("key", "show", key)["expires_at"] is None


# MARK: rotation


def test_a_key_is_replaced_while_both_hold(desk):
    furnish(desk)
    old = desk.json("key", "list")[0]
    done = desk.run("key", "rotate", old["id"], "--grace", "12h", "--expires", "365d")
    key = done.stdout.removesuffix("\n")
    assert re.fullmatch(r"sk_[A-Za-z0-9_-]{43}", key) and key not in done.stderr
    assert f"key {old['id']} holds until" in done.stderr
    rows = desk.sql.execute(
        "select id, hash, label, identity_id, surface_id, extract(epoch from expires_at - now())::int as life"
        " from surface_key order by created_at"
    ).fetchall()
    assert rows[1]["hash"] == hashlib.sha256(key.encode()).digest() != rows[0]["hash"]
    assert [row["label"] for row in rows] == ["Shop", "Shop"]
    for column in ("identity_id", "surface_id"):
        assert rows[0][column] == rows[1][column]
    assert 12 * 3600 - 600 < rows[0]["life"] <= 12 * 3600 and rows[1]["life"] > 364 * 86400
    assert [row["state"] for row in desk.json("key", "list")] == ["valid", "valid"]
    assert desk.sql.execute("select count(*) from identity").fetchone()["count"] == 1


def test_an_earlier_end_stays_and_a_label_may_name_the_key(desk):
    furnish(desk)
    old = desk.json("key", "list")[0]["id"]
    desk.do("key", "set", old, "--expires", "1h")
    told = desk.json("key", "rotate", "Shop")
    assert re.fullmatch(r"sk_[A-Za-z0-9_-]{43}", told["key"]) and told["expires_at"] is None
    before = desk.json("key", "show", old)["expires_at"]
    assert told["old_expires_at"] == before
    life = "select extract(epoch from expires_at - now())::int as life from surface_key where id = %s"
    assert 3600 - 600 < desk.sql.execute(life, [old]).fetchone()["life"] <= 3600
    assert "2 keys bear the label Shop" in desk.refused("key", "rotate", "Shop")
    assert len(desk.json("key", "list")) == 2


def test_what_is_not_rotated(desk):
    furnish(desk)
    key = desk.json("key", "list")[0]["id"]
    assert "--grace" in desk.refused("key", "rotate", key, "--grace", "soon", code=USAGE)
    assert "there is no key" in desk.refused("key", "rotate", str(uuid.uuid4()))
    desk.do("key", "remove", key)
    assert "is revoked for good" in desk.refused("key", "rotate", key)
    assert len(desk.json("key", "list")) == 1
