"""Models, routes, credentials, surfaces, keys, turns and nodes by command line: what is shown, changed and refused."""

import functools
import hashlib
import json
import os
import re
import subprocess
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from chat_client import ChatClient
from deployment import Deployment
from stack import wait_until

SQL = Path(__file__).resolve().parents[2] / "SQL"
NOUNS = ["model", "route", "credential", "surface", "key", "turn", "node"]
REFUSED, USAGE, CONFIGURATION = 1, 64, 78


@dataclass
class Desk:
    """Where an operator sits: a deployment and the program's commands on its database."""

    deployment: Deployment

    def __getattr__(self, name: str):
        return getattr(self.deployment, name)

    def run(self, *words, user: str = "sluice_admin", stdin: str = "", **environment) -> subprocess.CompletedProcess:
        """Any command, however it ends; as `user`, or as nobody in particular if that is empty."""
        database = {} if user == "" else {"SLUICE_ADMIN_DATABASE": self.postgres.conninfo(self.database, user)}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "SLUICE_"))}
        return subprocess.run(
            [self.programs / "sluice", *map(str, words)],
            capture_output=True,
            text=True,
            input=stdin,
            timeout=60,
            env={**inherited, **database, **environment},
        )

    def do(self, *words, **options) -> str:
        """A command that succeeds; what it wrote to standard output."""
        done = self.run(*words, **options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def json(self, *words, **options):
        return json.loads(self.do(*words, "--json", **options))

    def refused(self, *words, code: int = REFUSED, **options) -> str:
        """A command that fails, having written nothing to standard output; what it said instead."""
        done = self.run(*words, **options)
        assert (done.returncode, done.stdout) == (code, ""), done
        return done.stderr

    def columns(self, table: str) -> set[str]:
        rows = self.sql.execute(
            "select column_name from information_schema.columns where table_schema = 'sluice' and table_name = %s",
            [table],
        )
        return {row["column_name"] for row in rows.fetchall()}

    def rows(self) -> dict[str, list]:
        """All that is configured."""
        tables = ["credential", "virtual_model", "model_route", "surface", "surface_key", "identity"]
        return {table: self.sql.execute(f"select * from {table} order by id").fetchall() for table in tables}

    def words(self, command: str) -> list[str]:
        """Those of a command; ROUTE and KEY stand for the ids of the first of them."""
        rows = self.rows()
        places = {"ROUTE": rows["model_route"][0]["id"], "KEY": rows["surface_key"][0]["id"]}
        return [str(places.get(word, word)) for word in command.split(" ")]


@pytest.fixture
def desk(deploy) -> Desk:
    """An empty configuration of the test's own."""
    deployment = deploy()
    deployment.sql.execute("delete from surface")
    return Desk(deployment)


@pytest.fixture(scope="module")
def furnished(postgres, programs, tmp_path_factory):
    """One of each, for tests that change nothing."""
    from conftest import LOGS

    with Deployment(postgres, programs, LOGS / f"furnished-{uuid.uuid4().hex}") as deployment:
        deployment.sql.execute("delete from surface")
        desk = Desk(deployment)
        furnish(desk)
        yield desk


def furnish(desk: Desk) -> None:
    desk.do("credential", "add", "gateway", "--reference", "env:GATEWAY_KEY", "--managed-domain", "llm.example.net")
    desk.do("model", "add", "fast", "--title", "Fast one")
    desk.do("model", "add", "faster")
    desk.do("route", "add", "fast", "--provider-model", "small", "--region", "eu", "--credential", "gateway")
    desk.do("surface", "add", "web", "--kind", "web", "--default-model", "fast")
    desk.do("key", "add", "web", "--label", "Shop")
    desk.insert(
        "node", incarnation=uuid.uuid4(), tag=7, host="shelf", version="0.1.0", lease_until="2020-01-01T00:00:00Z"
    )


# MARK: from nothing to a turn


def configure(desk: Desk, scenario: str = "text=echo;rate=0") -> str:
    """All it takes to chat, by commands alone; the key of the surface."""
    desk.do("model", "add", "assistant", "--title", "Assistant", "--system-prompt", "Be brief.")
    provider_model = f"{uuid.uuid4().hex};{scenario}"
    desk.do("route", "add", "assistant", "--provider-model", provider_model, "--region", desk.simulator.base_url)
    desk.do("surface", "add", "shop", "--kind", "web", "--anonymous", "--default-model", "assistant", "--pace-ms", "40")
    return desk.do("key", "add", "shop", "--label", "Shop").strip()


def caller(desk: Desk, scenario: str = "text=echo;rate=0") -> ChatClient:
    """Whoever holds the key of a surface that a running node knows."""
    key = configure(desk, scenario)
    desk.add_node()
    client = ChatClient(desk.add_nginx().url)
    client.token = key
    return client


def test_an_empty_configuration_comes_to_serve_a_turn(desk):
    desk.add_node()
    desk.add_nginx()
    key = configure(desk)
    client = ChatClient(desk.nginx.url)
    wait_until(lambda: client.open_session("shop").status_code == 201, "the surface to be known")
    assert client.start("By visitor").read().text == "By visitor"
    client.token = key
    assert client.ask("By key")["message"]["content"] == "By key"
    provider_model = desk.json("route", "list")[0]["provider_model"]
    asked = desk.simulator.requests(provider_model)
    assert len(asked) == 2 and all("Be brief." in json.dumps(request) for request in asked)


def test_a_change_takes_effect_on_the_next_turn(desk):
    client = caller(desk)
    assert client.ask("Now")["message"]["content"] == "Now"
    route = desk.json("route", "list")[0]["id"]

    desk.do("route", "set", route, "--disable")
    refusal = client.post_start({"message": "Hi"})
    assert (refusal.status_code, refusal.json()["error"]["code"]) == (422, "unknown_model")
    desk.do("route", "set", route, "--enable")
    assert client.ask("Again")["message"]["content"] == "Again"

    desk.do("model", "set", "assistant", "--disable")
    assert client.post_start({"message": "Hi"}).status_code == 422
    desk.do("model", "set", "assistant", "--enable", "--name", "helper", "--unset", "system-prompt")
    assert client.ask("By default")["message"]["content"] == "By default"
    assert desk.json("surface", "show", "shop")["default_model"] == "helper"

    other = f"{uuid.uuid4().hex};rate=0;tokens=5"
    desk.do("route", "set", route, "--provider-model", other, "--overrides", '{"top_k": 40}')
    assert client.ask("Hi")["message"]["content"] == desk.simulator.text(other)
    request = json.dumps(desk.simulator.requests(other))
    assert "top_k" in request and "Be brief." not in request

    desk.do("surface", "set", "shop", "--unset", "default-model")
    assert client.post_start({"message": "Hi"}).status_code == 422


def test_a_revoked_key_is_refused_within_five_seconds(desk):
    client = caller(desk)
    assert client.post_start({"message": "Hi"}).status_code == 200
    key = desk.json("key", "list")[0]["id"]
    revoked = desk.do("key", "remove", key)
    began = time.monotonic()
    assert key in revoked and "5 s" in revoked
    wait_until(lambda: client.post_start({"message": "Hi"}).status_code == 401, "the key to be refused")
    # What nodes remember, and the time that a busy machine takes to say so.
    assert time.monotonic() - began < 5 + 3
    assert desk.json("key", "show", key)["state"] == "revoked"
    # Revoked once and for good.
    at = desk.json("key", "show", key)["revoked_at"]
    assert desk.json("key", "remove", key)["revoked_at"] == at


def test_an_expired_key_is_refused(desk):
    client = caller(desk)
    assert client.post_start({"message": "Hi"}).status_code == 200
    key = desk.json("key", "list")[0]["id"]
    assert desk.json("key", "set", key, "--expires", "2020-01-31")["state"] == "expired"
    wait_until(lambda: client.post_start({"message": "Hi"}).status_code == 401, "the key to be refused")
    desk.do("key", "set", key, "--unset", "expires")
    wait_until(lambda: client.post_start({"message": "Hi"}).status_code == 200, "the key to hold again")


def test_a_disabled_surface_gives_no_sessions(desk):
    client = caller(desk)
    assert client.open_session("shop").status_code == 201
    desk.do("surface", "set", "shop", "--disable")
    wait_until(lambda: client.open_session("shop").status_code != 201, "the surface to be shut")


# MARK: what is shown


SHAPES = {
    "model": ("virtual_model", set(), {"routes"}),
    "route": ("model_route", set(), {"model", "credential"}),
    "credential": ("credential", set(), {"routes"}),
    "surface": ("surface", set(), {"keys"}),
    "key": ("surface_key", {"hash"}, {"surface", "state"}),
    "node": ("node_status", set(), set()),
}


@pytest.mark.parametrize("noun", SHAPES)
def test_json_has_the_names_of_the_columns(furnished, noun):
    table, hidden, further = SHAPES[noun]
    rows = furnished.json(noun, "list")
    assert rows
    for row in rows:
        assert set(row) == furnished.columns(table) - hidden | further
        id = row["incarnation" if noun == "node" else "id"]
        assert furnished.json(noun, "show", id) == row
    moments = [value for row in rows for name, value in row.items() if value and re.search(r"_(at|until)$", name)]
    assert moments
    for moment in moments:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:\d\d", moment)


@pytest.mark.parametrize("noun", SHAPES)
def test_people_get_aligned_columns(furnished, noun):
    header, *lines = furnished.do(noun, "list").splitlines()
    assert header == header.upper() and len(lines) == len(furnished.json(noun, "list"))
    assert "\x1b" not in header + "".join(lines)
    # Each column begins where its title does.
    starts = [found.start() for found in re.finditer(r"(?<=  )\S|^\S", header)]
    for line in lines:
        assert all(line[start - 1 : start] in ("", " ") for start in starts), f"{header}\n{line}"
        assert all(line[start : start + 1].strip() for start in starts), f"{header}\n{line}"


@pytest.mark.parametrize("noun", SHAPES)
def test_one_is_shown_whole(furnished, noun):
    row = furnished.json(noun, "list")[0]
    shown = furnished.do(noun, "show", row["incarnation" if noun == "node" else "id"])
    assert [line.split()[0] for line in shown.splitlines()] == list(row)


@pytest.mark.parametrize("noun", NOUNS)
def test_an_empty_list_says_so_beside_the_output(desk, noun):
    done = desk.run(noun, "list")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"no {noun}s\n")
    assert desk.json(noun, "list") == []


def test_text_cannot_steer_the_terminal(desk):
    desk.do("model", "add", "odd", "--title", "red \x1b[31m\u202e", "--system-prompt", "one\ntwo\x07")
    for words in (["model", "list"], ["model", "show", "odd"]):
        shown = desk.do(*words)
        assert "\x1b" not in shown and "\u202e" not in shown and "\x07" not in shown
        assert "red \\u{1b}[31m" in shown
    assert re.search(r"^system_prompt +one\n +two\\u\{7\}$", desk.do("model", "show", "odd"), re.M)
    assert desk.json("model", "show", "odd")["title"] == "red \x1b[31m\u202e"


# MARK: adding and changing

EVERYTHING = {
    "model": (
        ["add", "whole"],
        [
            ("--title", "Whole", "title", "Whole"),
            ("--system-prompt", "Speak\n«so»", "system_prompt", "Speak\n«so»"),
            ("--parameters", '{"temperature": 0.30, "stop": ["a"]}', "parameters", {"temperature": 0.3, "stop": ["a"]}),
            ("--reasoning", "full", "reasoning", "full"),
            ("--history-limit", 7, "history_limit", 7),
            ("--history-token-limit", 700, "history_token_limit", 700),
            ("--durability", "relaxed", "durability", "relaxed"),
            ("--chunking", "immediate", "chunking", "immediate"),
            ("--on-interrupt", "keep", "on_interrupt", "keep"),
            ("--no-stream", None, "stream", False),
            ("--notool", None, "notool", True),
            ("--nopreprompt", None, "nopreprompt", True),
            ("--disable", None, "enabled", False),
        ],
    ),
    "route": (
        ["add", "fast"],
        [
            ("--provider-model", "large", "provider_model", "large"),
            ("--region", "https://llm.example/v1", "region", "https://llm.example/v1"),
            ("--driver", "openai", "driver", "openai"),
            ("--credential", "gateway", "credential", "gateway"),
            ("--priority", 3, "priority", 3),
            ("--weight", 5, "weight", 5),
            ("--overrides", '{"top_k": 4}', "overrides", {"top_k": 4}),
            ("--connect-timeout-ms", 11, "connect_timeout_ms", 11),
            ("--first-byte-timeout-ms", 12, "first_byte_timeout_ms", 12),
            ("--first-token-timeout-ms", 13, "first_token_timeout_ms", 13),
            ("--idle-timeout-ms", 14, "idle_timeout_ms", 14),
            ("--total-timeout-ms", 15, "total_timeout_ms", 15),
            ("--disable", None, "enabled", False),
        ],
    ),
    "credential": (
        ["add", "whole"],
        [
            ("--reference", "file:/run/key", "reference", "file:/run/key"),
            ("--managed-domain", "llm.example", "managed_domain", "llm.example"),
            ("--client-certificate", "file:/run/c.pem", "client_certificate", "file:/run/c.pem"),
            ("--client-key", "file:/run/k.pem", "client_key", "file:/run/k.pem"),
            ("--ca-bundle", "file:/run/ca.pem", "ca_bundle", "file:/run/ca.pem"),
        ],
    ),
    "surface": (
        ["add", "whole"],
        [
            ("--kind", "discord", "kind", "discord"),
            ("--origin", "https://shop.example", "allowed_origins", ["https://shop.example"]),
            ("--anonymous", None, "anonymous", True),
            ("--default-model", "faster", "default_model", "faster"),
            ("--pace-ms", 0, "pace_ms", 0),
            ("--session-limit", 9, "session_limit", 9),
            ("--disable", None, "enabled", False),
        ],
    ),
}
# What the program or PostgreSQL fills in, and what `set` takes apart from the options.
FILLED = {"id", "name", "created_at", "updated_at", "model_id", "credential_id"}


def flat(options) -> list:
    return [word for option, value, *_ in options for word in ([option] if value is None else [option, value])]


@pytest.mark.parametrize("noun", EVERYTHING)
def test_every_column_can_be_added_and_set(desk, noun):
    furnish(desk)
    add, options = EVERYTHING[noun]
    wanted = {column: value for _, _, column, value in options}
    table = SHAPES[noun][0]
    assert set(wanted) | FILLED >= desk.columns(table)

    added = desk.json(noun, *add, *flat(options))
    assert {column: added[column] for column in wanted} == wanted

    # The same, one by one, on a row that has the defaults.
    desk.do(noun, "remove", added["id"])
    least = {
        "model": ["plain"],
        "route": ["fast", "--provider-model", "p", "--region", "http://a"],
        "credential": ["plain", "--reference", "env:A"],
        "surface": ["plain", "--kind", "web"],
    }
    plain = desk.json(noun, "add", *least[noun])
    for option, value, column, result in options:
        if column in ("client_certificate", "client_key"):
            continue
        before = desk.json(noun, "show", plain["id"])
        after = desk.json(noun, "set", plain["id"], *flat([(option, value)]))
        assert after[column] == result
        changed = {name for name in after if after[name] != before[name]} - {"updated_at", "credential_id"}
        assert changed <= {column}


@pytest.mark.parametrize(
    ("noun", "columns"),
    [
        ("model", {"system-prompt": "system_prompt", "history-token-limit": "history_token_limit"}),
        ("route", {"credential": "credential", "total-timeout-ms": "total_timeout_ms"}),
        (
            "credential",
            {
                "managed-domain": "managed_domain",
                "ca-bundle": "ca_bundle",
                "client-certificate client-key": "client_certificate",
            },
        ),
        ("surface", {"default-model": "default_model"}),
    ],
)
def test_what_may_be_null_can_be_emptied(desk, noun, columns):
    furnish(desk)
    add, options = EVERYTHING[noun]
    row = desk.json(noun, *add, *flat(options))
    for names, column in columns.items():
        assert row[column] is not None
        words = [word for name in names.split() for word in ("--unset", name)]
        assert desk.json(noun, "set", row["id"], *words)[column] is None


def test_a_credential_may_be_a_certificate_alone(desk):
    pair = ["--client-certificate", "file:/run/c.pem", "--client-key", "file:/run/k.pem"]
    assert desk.json("credential", "add", "gateway", *pair)["reference"] is None
    emptied = ["--unset", "client-certificate", "--unset", "client-key"]
    assert "--reference" in desk.refused("credential", "set", "gateway", *emptied)


def test_long_values_come_from_files(desk, tmp_path):
    prompt = tmp_path / "prompt.txt"
    prompt.write_text("Line one\nLine two\n")
    row = desk.json("model", "add", "a", "--system-prompt", f"@{prompt}", "--parameters", "@-", stdin='{"seed": 1}')
    assert (row["system_prompt"], row["parameters"]) == ("Line one\nLine two", {"seed": 1})
    assert desk.json("model", "set", "a", "--system-prompt", "@@home")["system_prompt"] == "@home"
    assert "--system-prompt" in desk.refused("model", "set", "a", "--system-prompt", "@/nonexistent", code=USAGE)
    prompt.write_bytes(b"\xff")
    assert "UTF-8" in desk.refused("model", "set", "a", "--system-prompt", f"@{prompt}", code=USAGE)
    prompt.write_bytes(b"x" * ((1 << 20) + 1))
    assert "1 MiB" in desk.refused("model", "set", "a", "--system-prompt", f"@{prompt}", code=USAGE)


def test_origins_are_replaced_and_emptied(desk):
    desk.do("surface", "add", "web", "--kind", "web", "--origin", "https://a.example", "--origin", "https://b.example")
    assert desk.json("surface", "show", "web")["allowed_origins"] == ["https://a.example", "https://b.example"]
    assert desk.json("surface", "set", "web", "--origin", "*")["allowed_origins"] == ["*"]
    assert desk.json("surface", "set", "web", "--no-origins")["allowed_origins"] == []


def test_things_are_renamed(desk):
    furnish(desk)
    for noun, name in (("model", "fast"), ("credential", "gateway"), ("surface", "web")):
        assert desk.json(noun, "set", name, "--name", "renamed")["name"] == "renamed"
        assert desk.json(noun, "show", "renamed")
    assert desk.json("surface", "show", "renamed")["default_model"] == "renamed"
    route = desk.json("route", "list", "--model", "renamed")[0]
    assert (route["model"], route["credential"]) == ("renamed", "renamed")


def test_lists_can_be_narrowed(desk):
    furnish(desk)
    desk.do("surface", "add", "shop", "--kind", "web")
    desk.do("key", "add", "shop", "--label", "Other")
    assert [key["label"] for key in desk.json("key", "list", "--surface", "shop")] == ["Other"]
    assert desk.json("route", "list", "--model", "faster") == []
    assert [route["model"] for route in desk.json("route", "list", "--model", "fast")] == ["fast"]


# MARK: keys


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


# MARK: removing


def test_what_nothing_points_at_is_removed(desk):
    furnish(desk)
    assert "default of: web" in desk.refused("model", "remove", "fast")
    desk.do("key", "add", "web", "--label", "Second")
    assert "removed" in desk.do("surface", "remove", "web")
    assert desk.json("key", "list") == []
    route = desk.json("route", "list")[0]["id"]
    assert route in desk.refused("credential", "remove", "gateway")
    assert "1" in desk.do("model", "remove", "fast")
    assert desk.json("route", "list") == []
    desk.do("credential", "remove", "gateway")
    assert desk.json("credential", "list") == []


def test_a_route_is_removed_alone(desk):
    furnish(desk)
    route = desk.json("route", "list")[0]["id"]
    assert "fast" in desk.do("route", "remove", route)
    assert "there is no route" in desk.refused("route", "remove", route)
    assert len(desk.json("model", "list")) == 2


@pytest.mark.parametrize("what", ["conversations", "linked identities"])
def test_a_surface_in_use_is_disabled_instead(desk, what):
    furnish(desk)
    surface = desk.json("surface", "show", "web")["id"]
    identity = desk.insert("identity", kind="person")["id"]
    if what == "conversations":
        desk.insert("conversation", id=uuid.uuid4(), identity_id=identity, surface_id=surface)
    else:
        desk.insert("identity_link", surface_id=surface, external_id="42", identity_id=identity)
    said = desk.do("surface", "remove", "web")
    assert what in said and "disabled" in said
    row = desk.json("surface", "show", "web")
    assert row["enabled"] is False
    # The key is there, for when the surface comes back.
    assert [key["state"] for key in desk.json("key", "list")] == ["surface disabled"]
    desk.do("surface", "set", "web", "--enable")
    assert [key["state"] for key in desk.json("key", "list")] == ["valid"]


# MARK: what is refused

LONG = "x" * 256
# By the constraint that refuses: a command on what `furnish` made, and what the refusal must say.
REFUSALS = [
    ("credential_name_key", "credential add gateway --reference env:A", "the name", "belongs to another"),
    ("credential_name_check", "credential add our/key --reference env:A", "the name", "letters"),
    ("credential_reference_check", "credential add a --reference env:", "--reference", "env:NAME or file:/path"),
    ("credential_managed_domain_check", "credential set gateway --managed-domain https://a", "--managed-domain",
     "host name"),
    ("credential_client_certificate_check", "credential add a --client-certificate file:c --client-key file:/k",
     "--client-certificate", "file:/absolute/path"),
    ("credential_client_key_check", "credential add a --client-certificate file:/c --client-key file:k",
     "--client-key", "file:/absolute/path"),
    ("credential_ca_bundle_check", "credential set gateway --ca-bundle file:ca", "--ca-bundle", "file:/absolute/path"),
    ("credential_client_pair_check", "credential set gateway --client-key file:/k", "--client-certificate and",
     "together"),
    ("credential_secret_check", "credential add a --managed-domain llm.example", "--reference or", "must be set"),
    ("virtual_model_name_key", "model add fast", "the name", "belongs to another"),
    ("virtual_model_name_check", "model set fast --name so/fast?", "the name", "letters"),
    ("virtual_model_title_check", "model set fast --title ", "--title", "1 to 200"),
    ("virtual_model_durability_check", "model set fast --durability maybe", "--durability", "commit or relaxed"),
    ("virtual_model_chunking_check", "model add a --chunking never", "--chunking", "immediate"),
    ("virtual_model_reasoning_check", "model set fast --reasoning some", "--reasoning", "hidden, progress or full"),
    ("virtual_model_history_limit_check", "model set fast --history-limit 0", "--history-limit", "1 or more"),
    ("virtual_model_history_token_limit_check", "model set fast --history-token-limit 0", "--history-token-limit",
     "1 or more"),
    ("virtual_model_on_interrupt_check", "model set fast --on-interrupt drop", "--on-interrupt", "keep"),
    ("model_route_key", "route add fast --provider-model small --region eu --credential gateway", "the route",
     "already"),
    ("model_route_priority_check", "route set ROUTE --priority 0", "--priority", "1 or more"),
    ("model_route_weight_check", "route set ROUTE --weight 0", "--weight", "1 or more"),
    ("model_route_driver_check", "route set ROUTE --driver fax", "--driver", "openai"),
    ("model_route_provider_model_check", f"route set ROUTE --provider-model {LONG}", "--provider-model", "1 to 255"),
    ("model_route_region_check", "route set ROUTE --region ftp://a", "--region", "http://"),
    ("model_route_credential_id_check", "route set ROUTE --unset credential", "--credential", "--region"),
    ("model_route_connect_timeout_ms_check", "route set ROUTE --connect-timeout-ms 0", "--connect-timeout-ms", "1 or"),
    ("model_route_first_byte_timeout_ms_check", "route set ROUTE --first-byte-timeout-ms 0", "--first-byte-timeout-ms",
     "1 or more"),
    ("model_route_first_token_timeout_ms_check", "route set ROUTE --first-token-timeout-ms 0",
     "--first-token-timeout-ms", "1 or more"),
    ("model_route_idle_timeout_ms_check", "route set ROUTE --idle-timeout-ms=-1", "--idle-timeout-ms", "1 or more"),
    ("model_route_total_timeout_ms_check", "route set ROUTE --total-timeout-ms 0", "--total-timeout-ms", "1 or more"),
    ("surface_name_key", "surface add web --kind web", "the name", "belongs to another"),
    ("surface_name_check", "surface set web --name web/1", "the name", "letters"),
    ("surface_kind_check", "surface set web --kind fax", "--kind", "web, clientapi, discord"),
    ("surface_allowed_origins_check", "surface set web --origin https://A.example/", "--origin", "scheme://host"),
    ("surface_pace_ms_check", "surface set web --pace-ms 60001", "--pace-ms", "0 to 60000"),
    ("surface_session_limit_check", "surface set web --session-limit=-1", "--session-limit", "0 or more"),
    ("identity_display_name_check", "key add web --label ", "--label", "1 to 200"),
    ("surface_key_label_check", "key set KEY --label ", "--label", "1 to 200"),
]
# No command can come so far: ids and keys are drawn at random, and what they name or hold was looked at before. That
# these have their words all the same is a unit test's matter.
OUT_OF_REACH = {
    "credential_pkey", "virtual_model_pkey", "model_route_pkey", "surface_pkey", "surface_key_pkey", "identity_pkey",
    "virtual_model_parameters_check", "model_route_overrides_check",
    "model_route_model_id_fkey", "model_route_credential_id_fkey", "surface_default_model_fkey",
    "surface_key_surface_id_fkey", "surface_key_identity_id_fkey", "surface_key_hash_key", "surface_key_hash_check",
    "identity_kind_check",
}


@pytest.mark.parametrize(("constraint", "command", "subject", "demand"), REFUSALS, ids=[row[0] for row in REFUSALS])
def test_a_constraint_speaks_in_sentences(furnished, constraint, command, subject, demand):
    before = furnished.rows()
    said = furnished.refused(*furnished.words(command))
    assert re.match(rf"sluice: {re.escape(subject)} .*{re.escape(demand)}", said), said
    assert constraint not in said and len(said.splitlines()) == 1
    assert furnished.rows() == before


def test_no_constraint_is_left_out(furnished):
    tables = ["credential", "virtual_model", "model_route", "surface", "surface_key", "identity"]
    rows = furnished.sql.execute(
        "select conname from pg_constraint where conrelid = any(%s::regclass[]) and contype in ('c', 'f', 'p', 'u')",
        [[f"sluice.{table}" for table in tables]],
    ).fetchall()
    assert {row["conname"] for row in rows} == {refusal[0] for refusal in REFUSALS} | OUT_OF_REACH


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("model set fast", "nothing to set"),
        ("route set ROUTE", "nothing to set"),
        ("credential set gateway", "nothing to set"),
        ("surface set web", "nothing to set"),
        ("key set KEY", "nothing to set"),
        ("model set fast --system-prompt a --unset system-prompt", "exclude each other"),
        ("route set ROUTE --credential gateway --unset credential", "exclude each other"),
        ("surface set web --default-model fast --unset default-model", "exclude each other"),
        ("surface set web --origin * --no-origins", "exclude each other"),
        ("key set KEY --expires 1d --unset expires", "exclude each other"),
        ("model set fast --unset title", "system-prompt"),
        ("model set fast --enable --disable", "--disable"),
        ("model set fast --history-limit many", "history-limit"),
        ("model set fast --parameters [1]", "JSON object"),
        ("model set fast --parameters {", "malformed_json"),
        ('model set fast --parameters {"temperature":9}', "0 to 2"),
        ('model set fast --parameters {"colour":1}', "colour"),
        ("route set ROUTE --overrides 1", "JSON object"),
        ("route add fast --region eu", "--provider-model is missing"),
        ("route add fast --provider-model a", "--region is missing"),
        ("surface add shop", "--kind is missing"),
        ("key add web", "label"),
        ("turn list --limit 0", "1 to 1000"),
        ("turn list --limit 1001", "1 to 1000"),
        ("turn list --state asleep", "streaming, done"),
        ("turn list --live --state done", "exclude each other"),
        ("turn list --conversation 01234567 --identity 01234567", "exclude each other"),
        ("turn add", "only list, show, cancel"),
        ("turn remove 01234567", "only list, show, cancel"),
        ("node add", "only list, show, remove"),
        ("model lst", "only list, show, add, set, remove"),
    ],
)
def test_a_misuse_is_told_apart(furnished, command, said):
    assert said in furnished.refused(*furnished.words(command), code=USAGE)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("model show fats", "near it: fast\n"),
        ("model show FASTER", "near it: faster, fast"),
        ("model show zzzzzz", "there is no model zzzzzz\n"),
        ("credential show gatway", "near it: gateway"),
        ("surface show wbe", "near it: web"),
        ("route add fasst --provider-model a --region http://a", "near it: fast"),
        ("route add fast --provider-model a --region eu --credential gateawy", "near it: gateway"),
        ("route list --model fest", "near it: fast"),
        ("surface set web --default-model fasst", "near it: fast"),
        ("key add wev --label a", "near it: web"),
        ("key list --surface wev", "near it: web"),
        ("route show fast", "the first 8 digits"),
        ("key show 0123456", "the first 8 digits"),
        ("key show 01234567", "there is no key 01234567\n"),
        ("node show shelf", "the first 8 digits"),
        ("turn show 01234567-89ab", "there is no turn 01234567-89ab\n"),
        ("turn show soon", "the first 8 digits"),
        ("turn cancel 01234567-89ab", "there is no turn"),
        ("turn list --conversation 01234567", "there is no conversation"),
        ("turn list --identity anna", "there is no identity anna"),
    ],
)
def test_what_is_not_there_is_told_with_what_is_near(furnished, command, said):
    assert said in furnished.refused(*command.split(" "))


def test_ids_may_be_cut_short(desk):
    furnish(desk)
    same = ["aaaaaaaa-1111-4000-8000-000000000001", "aaaaaaaa-1111-4000-8000-000000000002"]
    for id in same:
        desk.insert("credential", id=id, name=f"c{id[-1]}", reference="env:A")
    # A name wins over the beginning of an id.
    desk.insert("credential", name="aaaaaaaa", reference="env:NAMED")
    assert desk.json("credential", "show", "aaaaaaaa")["reference"] == "env:NAMED"
    assert "2 credentials begin with" in desk.refused("credential", "show", "aaaaaaaa-1111")
    assert desk.json("credential", "show", same[0].upper())["id"] == same[0]
    assert "begin with" in desk.refused("credential", "show", same[0][:-1])
    # A dash where none belongs, and none where one does.
    assert "there is no credential" in desk.refused("credential", "show", "aaaaaaa-a1111")
    route = desk.json("route", "list")[0]["id"]
    for cut in (route[:8], route[:9], route[:14], route.replace("-", "")[:20], route.replace("-", "")):
        assert desk.json("route", "show", cut)["id"] == route


def test_no_secret_is_repeated(furnished):
    for command in (
        "credential add a --reference sk-hunter2",
        "credential add a --client-certificate file:/c --client-key hunter2",
        "route add fast --provider-model a --region https://u:hunter2@llm.example/v1",
    ):
        assert "hunter2" not in furnished.refused(*command.split(), code=USAGE)
    said = furnished.refused(
        "model", "list", "--database", "host=/nonexistent password=hunter2", user=""
    )
    assert "hunter2" not in said
    malformed = furnished.refused("model", "list", "--database", "postgres://u:hun@ter2@h/d", code=CONFIGURATION)
    assert "ter2" not in malformed


# MARK: turns


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
    assert set(live[0]) == chat.columns("turn") - {"metadata"} | {"display_name", "surface", "host"}
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
    assert "grant select on sluice.turn, sluice.message, sluice.turn_delta" in refusal and "private" not in refusal
    chat.sql.execute("create role reader_%s login in role sluice_admin" % chat.database)
    reader = f"reader_{chat.database}"
    try:
        chat.sql.execute(f"grant select on sluice.turn, sluice.message, sluice.turn_delta to {reader}")
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


# MARK: rights and connections


@pytest.mark.parametrize("path", sorted(SQL.glob("admin_*.sql")), ids=lambda path: path.stem)
def test_the_role_of_operators_may_run_every_statement(furnished, path):
    text = path.read_text()
    count = max(map(int, re.findall(r"\$(\d+)", text)), default=0)
    values = f"({', '.join(['null'] * count)})" if count else ""
    with psycopg.connect(furnished.postgres.conninfo(furnished.database, "sluice_admin"), autocommit=True) as sql:
        sql.execute(f"prepare {path.stem} as {text}")
        try:
            sql.execute(f"explain execute {path.stem}{values}")
        except psycopg.errors.InsufficientPrivilege:
            assert path.stem == "admin_turn_content", "it reads content"
        else:
            assert path.stem != "admin_turn_content"


@pytest.mark.parametrize(
    "command",
    [
        "model add slow", "model set fast --no-stream", "model remove faster", "route set ROUTE --weight 2",
        "route remove ROUTE", "credential add a --reference env:A", "surface set web --pace-ms 1",
        "surface remove web", "key add web --label a", "key remove KEY",
    ],
)
def test_the_program_may_look_but_not_write(furnished, command):
    words = furnished.words(command)
    assert furnished.json(words[0], "list", user="sluice_app")
    said = furnished.refused(*words, user="sluice_app")
    assert "the role sluice_app may not" in said
    assert "admin_database" in said and "a member of sluice_admin" in said


def test_who_may_not_even_look_is_told_so(furnished):
    assert "the role sluice_report may not" in furnished.refused("model", "list", user="sluice_report")


def test_a_member_of_the_role_has_its_rights(desk):
    name = f"anna_{desk.database}"
    desk.sql.execute(f"create role {name} login in role sluice_admin")
    try:
        desk.do("model", "add", "fast", user=name)
        assert [row["name"] for row in desk.json("model", "list", user=name)] == ["fast"]
    finally:
        desk.sql.execute(f"drop role {name}")


def test_the_database_comes_from_where_it_is_said(furnished, tmp_path):
    good = furnished.postgres.conninfo(furnished.database, "sluice_admin")
    bad = "host=/nonexistent dbname=absent"
    config = tmp_path / "sluice.conf"

    def listed(*words, **environment) -> bool:
        done = furnished.run("model", "list", *words, user="", **environment)
        assert done.returncode in (0, REFUSED), done.stderr
        return done.returncode == 0

    config.write_text(f"admin_database = {good}\ndatabase = {bad}\n")
    assert listed("--config", config)
    assert not listed("--config", config, SLUICE_ADMIN_DATABASE=bad)
    assert not listed("--config", config, "--set", f"admin_database={bad}")
    assert not listed("--config", config, "--database", bad)
    config.write_text(f"database = {good}\n")
    assert listed("--config", config)
    config.write_text(f"database = {bad}\n")
    assert listed("--config", config, "--database", good)
    libpq = {"PGHOST": str(furnished.postgres.socket), "PGDATABASE": furnished.database, "PGUSER": "sluice_admin"}
    assert listed(**libpq)
    # What the string leaves open comes from there too, as with every program of libpq.
    assert listed("--database", "connect_timeout=5", **libpq)


def test_without_a_database_there_is_nothing_to_do(furnished):
    said = furnished.refused("model", "list", code=CONFIGURATION, user="")
    assert "admin_database" in said and "--database" in said and "PGHOST" in said
    said = furnished.refused("model", "list", "--config", "/nonexistent/conf", code=CONFIGURATION)
    assert "/nonexistent/conf" in said
    assert "malformed" in furnished.refused("model", "list", "--database", "nonsense", code=CONFIGURATION)


def test_a_schema_that_is_not_there_is_told_with_what_to_do(deploy):
    desk = Desk(deploy())
    desk.sql.execute("drop schema sluice cascade")
    assert "sqitch deploy" in desk.refused("model", "list")


# MARK: help


@functools.cache
def help_of(programs: Path, *words: str) -> str:
    done = subprocess.run([programs / "sluice", *words, "--help"], capture_output=True, text=True, check=True)
    return done.stdout


def subcommands(text: str) -> list[str]:
    return re.findall(r"^  ([a-z]+) {2,}", text[text.index("SUBCOMMANDS:") :], re.M)


@pytest.mark.parametrize("noun", NOUNS)
def test_help_teaches_by_examples_that_parse(programs, noun):
    pages = {(noun,): help_of(programs, noun)}
    for name in subcommands(pages[noun,]):
        pages[noun, name] = help_of(programs, noun, name)
    for words, page in pages.items():
        shown = page[: page.index("USAGE:")]
        assert all(len(line) <= 80 for line in shown.splitlines()), words
        shown = shown.replace("\\\n", " ")
        examples = re.findall(r"^  sluice (.*)$", shown, re.M)
        assert len(examples) >= 2, words
        assert len(words) == 1 or any(example.startswith(" ".join(words)) for example in examples), words
        for example in examples:
            command, action = example.split()[:2]
            options = re.findall(r" (--[a-z-]+)", example.split(" | ")[0].split("   ")[0])
            known = help_of(programs, command, action)
            assert all(re.search(rf"(?<![\w-]){option}(?![\w-])", known) for option in options), example


@pytest.mark.parametrize(
    ("noun", "words"),
    [
        ("model", ["A virtual model is", "next turn"]),
        ("route", ["A route joins", "next turn"]),
        ("credential", ["A credential says", "next turn"]),
        ("surface", ["A surface is", "5 s at most"]),
        ("key", ["Only the hash", "5 s at most"]),
        ("turn", ["A turn is"]),
        ("node", ["lease"]),
    ],
)
def test_help_explains_the_noun(programs, noun, words):
    page = " ".join(help_of(programs, noun).split())
    assert all(word in page for word in words)
