"""Sealed credentials by command line: set, shown, replaced, rotated while a node serves."""

import json
import secrets
import signal
import subprocess

import pytest
from chat_client import ChatClient
from desk import CONFIGURATION, REFUSED, USAGE, configure
from scripted_provider import STREAM, ScriptedProvider, delta, event
from stack import wait_until

SECRET = "sk-very-secret"


class Keys:
    """A file of sealing keys; the first of `order` seals."""

    def __init__(self, path):
        self.path, self.secrets = path, {name: secrets.token_hex(32) for name in ("k1", "k2", "k3")}
        self.write("k1")

    def write(self, *order: str) -> None:
        self.path.touch(mode=0o600)
        self.path.write_text("".join(f"{name}: {self.secrets[name]}\n" for name in order))

    @property
    def environment(self) -> dict[str, str]:
        return {"SLUICE_CREDENTIAL_KEYS": str(self.path)}


@pytest.fixture
def keys(desk) -> Keys:
    return Keys(desk.folder.path / "credential.keys")


def seal(desk, keys: Keys, name: str, *words, secret: str = SECRET) -> dict:
    return desk.json("credential", "add", name, "--secret-stdin", *words, stdin=f"{secret}\n", **keys.environment)


def sealed(desk, name: str) -> dict:
    query = "select reference, sealed, sealed_key from credential where name = %s"
    return desk.sql.execute(query, [name]).fetchone()


# MARK: setting


def test_a_sealed_secret_is_shown_to_nobody(desk, keys):
    row = seal(desk, keys, "live", "--managed-domain", "llm.example")
    assert (row["secret"], row["sealed_key"], row["reference"]) == ("sealed with k1", "k1", None)
    stored = sealed(desk, "live")
    assert SECRET.encode() not in stored["sealed"] and len(stored["sealed"]) == len(SECRET) + 28
    for words in (["list"], ["list", "--json"], ["show", "live"], ["show", "live", "--json"], ["rotate", "--json"]):
        done = desk.run("credential", *words, **keys.environment)
        assert done.returncode == 0
        for hidden in (SECRET, stored["sealed"].hex(), keys.secrets["k1"]):
            assert hidden not in done.stdout + done.stderr
    assert "sealed with k1" in desk.do("credential", "list") and "sealed with k1" in desk.do("credential", "show", "live")


def test_a_secret_is_taken_without_the_space_around_it(desk, keys):
    seal(desk, keys, "spaced", secret=f"  {SECRET}\r\n\n")
    assert len(sealed(desk, "spaced")["sealed"]) == len(SECRET) + 28
    seal(desk, keys, "long", secret="x" * (65536 - 29))
    assert len(sealed(desk, "long")["sealed"]) == 65535


def test_a_secret_and_a_reference_take_each_others_place(desk, keys):
    desk.do("credential", "add", "a", "--reference", "env:A", "--managed-domain", "llm.example")
    done = desk.do("credential", "set", "a", "--secret-stdin", stdin=SECRET, **keys.environment)
    assert "a changed" in done
    row = sealed(desk, "a")
    assert (row["reference"], row["sealed_key"]) == (None, "k1") and row["sealed"]
    assert desk.json("credential", "show", "a")["managed_domain"] == "llm.example"
    # The same secret is sealed anew each time.
    desk.do("credential", "set", "a", "--secret-stdin", stdin=SECRET, **keys.environment)
    assert sealed(desk, "a")["sealed"] != row["sealed"]
    assert desk.json("credential", "set", "a", "--reference", "env:B")["secret"] == "env:B"
    assert sealed(desk, "a") == {"reference": "env:B", "sealed": None, "sealed_key": None}


def test_a_secret_can_be_taken_away(desk, keys):
    pair = ["--client-certificate", "file:/run/c.pem", "--client-key", "file:/run/k.pem"]
    seal(desk, keys, "a", *pair)
    assert desk.json("credential", "set", "a", "--unset", "secret")["secret"] is None
    assert sealed(desk, "a") == {"reference": None, "sealed": None, "sealed_key": None}
    desk.do("credential", "set", "a", "--reference", "env:A")
    assert desk.json("credential", "set", "a", "--unset", "secret")["reference"] is None
    seal(desk, keys, "bare")
    assert "--secret-stdin" in desk.refused("credential", "set", "bare", "--unset", "secret")


@pytest.mark.parametrize(
    ("stdin", "said"),
    [(b"", "holds no secret"), (b" \n\n", "holds no secret"), (b"x" * 65509, "longer than 65508"), (b"s\xff", "UTF-8")],
    ids=["empty", "blank", "long", "binary"],
)
def test_what_is_no_secret_is_refused(desk, keys, stdin, said):
    done = subprocess.run(
        [desk.programs / "sluice", "credential", "add", "a", "--secret-stdin"],
        input=stdin,
        capture_output=True,
        timeout=60,
        env={"SLUICE_ADMIN_DATABASE": desk.postgres.conninfo(desk.database, "sluice_admin"), **keys.environment},
    )
    assert done.returncode == USAGE and said in done.stderr.decode()
    assert done.stdout == b"" and (not stdin.strip() or stdin[:2] not in done.stderr)
    assert desk.json("credential", "list") == []


@pytest.mark.parametrize(
    "words",
    [
        "add a --secret-stdin --reference env:A",
        "set a --secret-stdin --reference env:A",
        "set a --secret-stdin --unset secret",
        "set a --reference env:A --unset secret",
    ],
)
def test_a_secret_comes_from_one_place(desk, keys, words):
    said = desk.refused("credential", *words.split(), stdin=SECRET, code=USAGE, **keys.environment)
    assert "exclude each other" in said and SECRET not in said


def test_without_good_keys_nothing_is_sealed(desk, keys):
    for words in (["add", "a", "--secret-stdin"], ["rotate"]):
        said = desk.refused("credential", *words, stdin=SECRET, code=CONFIGURATION)
        assert "credential_keys is not set" in said and SECRET not in said
        keys.path.chmod(0o644)
        said = desk.refused("credential", *words, stdin=SECRET, code=CONFIGURATION, **keys.environment)
        assert "open to everybody" in said
        keys.path.write_text("k1: short\n")
        keys.path.chmod(0o600)
        said = desk.refused("credential", *words, stdin=SECRET, code=CONFIGURATION, **keys.environment)
        assert "shorter than 32 bytes" in said and "short\n" not in said
        keys.write("k1")


def test_only_operators_seal(desk, keys):
    for user in ("sluice_app", "sluice_report"):
        said = desk.refused("credential", "add", "a", "--secret-stdin", stdin=SECRET, user=user, **keys.environment)
        assert f"the role {user} may not" in said and SECRET not in said
    seal(desk, keys, "a")
    keys.write("k2", "k1")
    assert "may not" in desk.refused("credential", "rotate", user="sluice_app", **keys.environment)
    assert sealed(desk, "a")["sealed_key"] == "k1"


# MARK: rotation


def test_all_are_sealed_anew_with_the_first_key(desk, keys):
    for name in ("a", "b"):
        seal(desk, keys, name)
    desk.do("credential", "add", "elsewhere", "--reference", "env:A")
    keys.write("k2", "k1")
    seal(desk, keys, "c")
    before = {name: sealed(desk, name) for name in "abc"}
    assert desk.do("credential", "rotate", **keys.environment) == "2 sealed anew with key k2, 1 had it already\n"
    assert [sealed(desk, name)["sealed_key"] for name in "abc"] == ["k2"] * 3
    assert [sealed(desk, name) == before[name] for name in "abc"] == [False, False, True]
    assert desk.json("credential", "show", "elsewhere")["secret"] == "env:A"
    # It may be repeated, and the former key may go.
    keys.write("k2")
    again = desk.json("credential", "rotate", **keys.environment)
    assert again == {"key": "k2", "resealed": [], "already": ["a", "b", "c"], "failed": []}


def test_those_that_are_named_are_sealed_anew(desk, keys):
    for name in ("a", "b"):
        seal(desk, keys, name)
    desk.do("credential", "add", "elsewhere", "--reference", "env:A")
    keys.write("k2", "k1")
    for name, said in (("elsewhere", "has no sealed secret"), ("bb", "near it: b")):
        assert said in desk.refused("credential", "rotate", "a", name, **keys.environment)
    assert sealed(desk, "a")["sealed_key"] == "k1"
    id = desk.json("credential", "show", "b")["id"]
    assert desk.json("credential", "rotate", id, "b", **keys.environment)["resealed"] == ["b"]
    assert [sealed(desk, name)["sealed_key"] for name in "ab"] == ["k1", "k2"]


def test_what_does_not_open_is_named_and_stays(desk, keys):
    for name in ("a", "b", "c", "d"):
        seal(desk, keys, name)
    # Of another row, of a key that is not here, and of a key whose name alone is here.
    desk.sql.execute("update credential set sealed = (select sealed from credential where name = 'a') where name = 'b'")
    desk.sql.execute("update credential set sealed_key = 'lost' where name = 'c'")
    before = {name: sealed(desk, name) for name in "bc"}
    keys.write("k2", "k1")
    done = desk.run("credential", "rotate", "--json", **keys.environment)
    assert done.returncode == REFUSED
    assert json.loads(done.stdout) == {"key": "k2", "resealed": ["a", "d"], "already": [], "failed": ["b", "c"]}
    assert "b: credential does not open with key k1" in done.stderr
    assert "c: credential is sealed with key lost, which is not in credential_keys" in done.stderr
    assert SECRET not in done.stdout + done.stderr
    assert {name: sealed(desk, name) for name in "bc"} == before
    keys.secrets["k2"] = secrets.token_hex(32)
    keys.write("k2")
    done = desk.run("credential", "rotate", "a", **keys.environment)
    assert (done.returncode, done.stdout) == (REFUSED, "0 sealed anew with key k2, 0 had it already; 1 failed\n")


# MARK: serving


@pytest.fixture
def provider() -> ScriptedProvider:
    """Answers whoever shows the secret."""

    def answer(connection, body) -> None:
        if f"\r\nauthorization: bearer {SECRET}\r\n".encode() in provider.heads[-1].lower():
            connection.sendall(STREAM + delta("Welcome", "stop") + event("[DONE]"))
        else:
            connection.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
        connection.close()

    provider = ScriptedProvider(answer)
    return provider


def test_turns_go_on_while_a_key_is_replaced(desk, keys, provider):
    token = configure(desk)
    seal(desk, keys, "live")
    route = desk.json("route", "list")[0]["id"]
    desk.do("route", "set", route, "--region", provider.url, "--credential", "live")
    node = desk.add_node(credential_keys=str(keys.path))
    client = ChatClient(desk.add_nginx().url)
    client.token = token

    def answer() -> str:
        return client.ask("Hello")["message"]["content"]

    def reload(times: int) -> None:
        node.process.signal(signal.SIGHUP)
        wait_until(lambda: node.log.read_text().count("read anew") == times, "the reload", 30, node.log)

    assert answer() == "Welcome"
    # The node has both keys, the secret is sealed with the old one.
    keys.write("k2", "k1")
    assert answer() == "Welcome"
    reload(1)
    assert answer() == "Welcome"
    desk.do("credential", "rotate", **keys.environment)
    assert answer() == "Welcome"
    # The old one may go.
    keys.write("k2")
    reload(2)
    assert answer() == "Welcome"
    desk.do("credential", "set", "live", "--secret-stdin", stdin="sk-other", **keys.environment)
    assert client.ask("Hello")["error"]["code"] == "upstream_unauthorized"
    log = node.log.read_text()
    assert not [hidden for hidden in (SECRET, "sk-other", *keys.secrets.values()) if hidden in log]


@pytest.mark.parametrize("has", ["another key", "no keys"])
def test_a_node_without_the_key_says_so(desk, keys, provider, has):
    token = configure(desk)
    seal(desk, keys, "live")
    route = desk.json("route", "list")[0]["id"]
    desk.do("route", "set", route, "--region", provider.url, "--credential", "live")
    others = Keys(desk.folder.path / "other.keys")
    others.write("k3")
    node = desk.add_node(**({"credential_keys": str(others.path)} if has == "another key" else {}))
    client = ChatClient(desk.add_nginx().url)
    client.token = token
    reply = client.ask("Hello")
    assert (reply["state"], reply["error"]["code"]) == ("error", "model_misconfigured")
    assert provider.heads == [] and "sealed" not in json.dumps(reply)
    log = node.log.read_text()
    cause = "is sealed with key k1, which is not in credential_keys" if has == "another key" else "no credential_keys"
    assert cause in log
    assert not [hidden for hidden in (SECRET, *keys.secrets.values(), *others.secrets.values()) if hidden in log]
    # As operators see it.
    shown = desk.json("turn", "show", reply["turn"])["upstream"]
    assert [(one["route"], one["error"]) for one in shown["attempts"]] == [(route, "model_misconfigured")]
