"""Where operators sit: the commands of the program on the database of a deployment, and what is set up there."""

import json
import os
import subprocess
import uuid
from dataclasses import dataclass

import pytest
from chat_client import ChatClient
from deployment import Deployment

NOUNS = ["model", "route", "credential", "surface", "key", "role", "issuer", "price", "limit", "turn", "node", "identity"]
# Where it is not the noun and an s.
PLURALS = {"identity": "identities"}
REFUSED, USAGE, CONFIGURATION = 1, 64, 78
# What the live nodes make of a route.
HEALTH = {"state", "failures", "latency_ms", "share", "running", "last_error", "retry_at", "nodes"}
# How each noun is shown: its table, the columns that stay hidden, and what is told beside them.
SHAPES = {
    "model": ("virtual_model", set(), {"routes"}),
    "route": ("model_route", set(), {"model", "credential"} | HEALTH),
    "credential": ("credential", {"sealed"}, {"secret", "routes"}),
    "surface": ("surface", set(), {"keys", "role", "anonymous_role"}),
    "key": ("surface_key", {"hash"}, {"surface", "state"}),
    "role": ("role", set(), {"models", "tools", "identities", "surfaces", "anonymous_surfaces"}),
    "issuer": ("jwt_issuer", set(), {"surface"}),
    "price": ("price", set(), {"state"}),
    "limit": ("usage_limit", set(), {"name"}),
    "node": ("node_status", set(), set()),
    "identity": ("identity", set(), {"state", "links", "tokens_revoked_at", "blocked_for"}),
}


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
        tables = ["credential", "virtual_model", "model_route", "surface", "surface_key", "identity", "role"]
        tables += ["jwt_issuer", "revocation", "price", "usage_limit"]
        return {table: self.sql.execute(f"select * from {table} order by id").fetchall() for table in tables}

    def words(self, command: str) -> list[str]:
        """Those of a command; ROUTE, KEY, ISSUER and PRICE stand for the ids of the first of them."""
        rows = self.rows()
        places = {"ROUTE": "model_route", "KEY": "surface_key", "ISSUER": "jwt_issuer", "PRICE": "price"}
        places = {word: rows[table][0]["id"] for word, table in places.items()}
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
        anna = desk.json("identity", "add", "--display-name", "Anna")["id"]
        desk.do("identity", "link", anna, "--surface", "web", "--external-id", "anna")
        yield desk


def furnish(desk: Desk) -> None:
    desk.do("credential", "add", "gateway", "--reference", "env:GATEWAY_KEY", "--managed-domain", "llm.example.net")
    desk.do("model", "add", "fast", "--title", "Fast one")
    desk.do("model", "add", "faster")
    desk.do("route", "add", "fast", "--provider-model", "small", "--region", "eu", "--credential", "gateway")
    desk.do("surface", "add", "web", "--kind", "web", "--default-model", "fast")
    desk.do("key", "add", "web", "--label", "Shop")
    desk.do("role", "add", "support", "--model", "fast", "--tool", "search")
    keys = ["--algorithm", "EdDSA", "--jwks", "file:/run/shop.jwks"]
    desk.do("issuer", "add", "web", "--issuer", "https://shop.example", "--audience", "sluice", *keys)
    desk.do("price", "add", "openai", "small", "--input", "0.15", "--output", "0.60", "--from", "2026-01-01")
    desk.do("limit", "set", "--surface", "web", "--requests-per-minute", 600)
    desk.insert(
        "node", incarnation=uuid.uuid4(), tag=7, host="shelf", version="0.1.0", lease_until="2020-01-01T00:00:00Z"
    )


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
