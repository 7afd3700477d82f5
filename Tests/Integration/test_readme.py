"""What README.md promises: the blocks marked `<!-- runs -->` run as they stand, and give the replies it shows."""

import json
import os
import re
import subprocess
import sys
import uuid
from pathlib import Path

import canaries
import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
# The rows that `make run` starts with.
SEED = (ROOT / ".dev/seed.sql").read_text()
# Stands between the outputs of two blocks.
MARK = "\x1e"


def marked(language: str) -> list[tuple[str, list[str]]]:
    """The marked blocks in a language, each with the lines of the reply that is shown right below it."""
    found = re.findall(rf"<!-- runs -->\n```{language}\n(.*?)```\n(?:```json\n(.*?)```\n)?", README, re.S)
    return [(block, reply.splitlines()) for block, reply in found]


@pytest.fixture
def like_make_run(deploy):
    """A deployment with the rows of `make run`."""
    deployment = deploy()
    deployment.sql.execute("delete from surface")
    deployment.postgres.sql(
        deployment.database,
        SEED,
        origin="http://127.0.0.1",
        simulator=deployment.simulator.base_url,
        endpoint="",
        provider_model="",
        reference="",
    )
    deployment.add_node()
    deployment.add_nginx()
    return deployment


def test_the_examples_work_as_pasted_into_one_shell(like_make_run):
    blocks = marked("sh")
    assert len(blocks) >= 8
    script = f"printf '{MARK}'\n".join(block for block, _ in blocks)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env={**os.environ, "U": like_make_run.nginx.url},
        text=True,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    outputs = done.stdout.split(MARK)
    for (block, shown), output in zip(blocks, outputs, strict=True):
        assert_alike(plain(shown), plain(output.splitlines()), block)


def test_the_python_runs_with_openais_library(like_make_run):
    [(block, _)] = marked("python")
    done = subprocess.run(
        [sys.executable, "-c", block],
        env={
            **os.environ,
            "OPENAI_BASE_URL": f"{like_make_run.nginx.url}/v1",
            "OPENAI_API_KEY": like_make_run.client().token,
        },
        text=True,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "Open the gate, please."


def test_the_sql_runs_on_a_fresh_database(deploy):
    deployment = deploy()
    deployment.sql.execute("delete from surface")
    for block, _ in marked("sql"):
        deployment.postgres.sql(deployment.database, block)
    routes = deployment.sql.execute(
        "select name, region from virtual_model join model_route on model_id = virtual_model.id order by name"
    ).fetchall()
    assert [route["name"] for route in routes] == ["assistant", "local"]
    assert patience(deployment) == 120_000
    assert deployment.sql.execute("select count(*) from surface_key").fetchone()["count"] == 1


def patience(deployment) -> int:
    """How long the example of a slow model server waits for its first data."""
    [row] = deployment.sql.execute(
        "select first_byte_timeout_ms as head, first_token_timeout_ms as data from model_route"
        " where provider_model = 'llama3.2'"
    ).fetchall()
    # As a start takes them: either holds for both where the other one is not given.
    return min(row["head"] or row["data"] or 60_000, row["data"] or row["head"] or 60_000)


def test_the_commands_run_on_a_fresh_database(deploy, programs, tmp_path):
    deployment = deploy()
    deployment.sql.execute("delete from surface")
    script = "\n".join(re.findall(r"<!-- runs by command line -->\n```sh\n(.*?)```\n", README, re.S))
    assert script.count("sluice ") >= 8
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env={
            **os.environ,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "SLUICE_ADMIN_DATABASE": deployment.postgres.conninfo(deployment.database, "sluice_admin"),
        },
        text=True,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    routes = deployment.sql.execute(
        "select name, region from virtual_model join model_route on model_id = virtual_model.id order by name"
    ).fetchall()
    assert [route["name"] for route in routes] == ["assistant", "local"]
    assert patience(deployment) == 120_000
    assert (tmp_path / "shop.key").read_text().startswith("sk_")


def test_a_token_of_ones_own_back_end_is_taken(deploy, programs):
    deployment = deploy()
    found = re.findall(r"<!-- runs with an issuer -->\n```sh\n(.*?)```\n(?:```json\n(.*?)```\n)?", README, re.S)
    [(commands, _), (request, shown)] = found
    environment = {
        **os.environ,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "SLUICE_ADMIN_DATABASE": deployment.postgres.conninfo(deployment.database, "sluice_admin"),
        "HELPDESK_SECRET": f"{canaries.KEY}{uuid.uuid4()}",
    }

    def run(script: str, **further: str) -> list[str]:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            env={**environment, **further},
            text=True,
            capture_output=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    run(commands)
    deployment.add_node(environment={"HELPDESK_SECRET": environment["HELPDESK_SECRET"]})
    assert_alike(plain(shown.splitlines()), plain(run(request, U=deployment.add_nginx().url)), request)


@pytest.fixture
def statements() -> list[str]:
    """What README deletes by: by age; to erase a person."""
    found = re.findall(r"<!-- runs on a filled database -->\n```sql\n(.*?)```\n", README, re.S)
    assert len(found) == 2
    return found


def counts(deployment, identity: str) -> dict[str, int]:
    """The rows that an identity has in each table."""
    tables = {
        "identity": "id = %s",
        "identity_link": "identity_id = %s",
        "conversation": "identity_id = %s",
        "turn": "identity_id = %s",
        "idempotency": "identity_id = %s",
        "message": "conversation_id in (select conversation_id from turn where identity_id = %s)",
        "turn_delta": "turn_id in (select id from turn where identity_id = %s)",
    }
    query = " union all ".join(f"select '{table}' as name, count(*) from {table} where {of}" for table, of in tables.items())
    rows = deployment.sql.execute(query, [identity] * len(tables)).fetchall()
    return {row["name"]: row["count"] for row in rows if row["count"]}


def test_what_is_old_is_deleted_and_nothing_else(deployment, statements):
    model = deployment.model("rate=0;tokens=3")
    old, recent = deployment.client(), deployment.client()
    conversations = [client.ask(model=model.name)["conversation"] for client in (old, recent)]
    identities = [
        str(deployment.sql.execute("select identity_id from conversation where id = %s", [id]).fetchone()["identity_id"])
        for id in conversations
    ]
    for table, column in (("conversation", "updated_at"), ("turn", "ended_at"), ("identity", "created_at")):
        key = "id" if table == "identity" else "identity_id"
        deployment.sql.execute(f"update {table} set {column} = now() - interval '200 days' where {key} = %s", identities[:1])
    kept = counts(deployment, identities[1])
    assert {"identity", "conversation", "turn", "message"} <= set(kept)
    deployment.postgres.sql(deployment.database, statements[0])
    assert counts(deployment, identities[0]) == {}
    assert counts(deployment, identities[1]) == kept
    assert deployment.sql.execute("select from message where conversation_id = %s", conversations[:1]).rowcount == 0


def test_one_person_is_erased_and_no_other(deployment, statements):
    surface = deployment.sql.execute("select id from surface where name = 'web'").fetchone()["id"]
    model = deployment.model("rate=50;tokens=5000")
    client, other = deployment.client(), deployment.client()
    turn, foreign = client.start(model=model.name, key="once"), other.start(model=model.name).read_some()
    who, neighbour = (str(deployment.turn(t.id)["identity_id"]) for t in (turn, foreign))
    deployment.insert("identity_link", surface_id=surface, external_id="u-17", identity_id=who)
    named = "01a1fd74-bc3b-7001-8000-5d1c6f0a9b2e"
    erase = statements[1].replace(named, who)
    assert who in erase
    assert {"identity_link", "conversation", "message", "idempotency", "turn_delta"} < set(counts(deployment, who))
    deployment.postgres.sql(deployment.database, erase)
    assert counts(deployment, who) == {"identity": 1, "turn": 1}
    assert deployment.turn(turn.id)["state"] == "cancelled"
    for table in ("turn_delta", "message"):
        assert deployment.sql.execute(f"select from {table} where turn_id = %s", [turn.id]).rowcount == 0
    # Its session token starts nothing any more.
    assert not client.post_start({"message": "x", "model": model.name}).ok
    assert counts(deployment, who) == {"identity": 1, "turn": 1}
    # The neighbour's turn goes on.
    assert foreign.read_some(len(foreign.text) + 20).text
    assert counts(deployment, neighbour)["turn"] == 1
    foreign.cancel()
    foreign.read()


def test_a_role_of_ones_own_reads_content(deployment):
    """Rolled back: roles are the cluster's."""
    deployment.client().ask("Hello", model=deployment.model("rate=0;tokens=3").name)
    [block] = re.findall(r"<!-- runs in a transaction -->\n```sql\n(.*?)```\n", README, re.S)
    check = "set role support; select count(*) from sluice.message; select count(*) > 0 from sluice.turn_event;"
    counted = deployment.postgres.sql(deployment.database, f"begin;\n{block}\n{check}\nreset role;\nrollback;")
    assert counted.split() == ["2", "t"]


def test_every_configuration_key_has_its_line(programs):
    done = subprocess.run([programs / "sluice", "serve", "--help"], text=True, capture_output=True, check=True)
    keys = re.findall(r"^  ([a-z_]+):$", done.stdout, re.M)
    assert len(keys) > 10
    table = README[README.index("| key |") : README.index("- **Key file**")]
    assert re.findall(r"^\| `([a-z_]+)` \|", table, re.M) == keys
    # Those that a reload takes up are marked in the help.
    reloaded = re.findall(r"^  ([a-z_]+):\n(?:      .*\n)*?      .*\*$", done.stdout, re.M)
    bullet = README[README.index("- **SIGHUP**") : README.index("- **Bounds.**")]
    assert re.findall(r"`([a-z_]+)`", bullet) == reloaded


def plain(lines: list[str]) -> list:
    """The replies as values; the polls of one loop as one: where a chunk ends is up to the clock."""
    replies = [json.loads(line) if line.startswith("{") else line for line in lines]
    polls = [reply for reply in replies if isinstance(reply, dict) and "events" in reply]
    if not polls:
        return replies
    assert polls == replies
    assert all(poll["state"] == "streaming" for poll in polls[:-1])
    events = [event for poll in polls for event in poll["events"]]
    text = "".join(event["text"] for event in events if event["type"] == "text")
    others = [event for event in events if event["type"] != "text"]
    return [{**polls[-1], "cursor": "…", "events": [{"type": "text", "text": text}, *others]}]


def assert_alike(shown, real, where: str) -> None:
    """The same members and words; `…` stands for any text, a number for any number."""
    assert type(shown) is type(real), f"{shown} is shown, {real} came of\n{where}"
    if isinstance(shown, dict):
        assert list(shown) == list(real), where
        for name in shown:
            assert_alike(shown[name], real[name], where)
    elif isinstance(shown, list):
        assert len(shown) == len(real), f"{shown} is shown, {real} came of\n{where}"
        for pair in zip(shown, real, strict=True):
            assert_alike(*pair, where)
    elif isinstance(shown, str):
        pattern = ".+".join(map(re.escape, shown.split("…")))
        assert re.fullmatch(pattern, real, re.S), f"{shown} is shown, {real} came of\n{where}"
    elif not isinstance(shown, int) or isinstance(shown, bool):
        assert shown == real, where
