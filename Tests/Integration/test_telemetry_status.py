"""/status: the node at a glance, for people and for programs."""

import re
import urllib.request

import pytest
import requests


def test_the_status_is_text_for_people(deployment, node):
    response = requests.get(f"{deployment.nginx.operator_url}/status", timeout=10)
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-store"
    tables = {part.splitlines()[0].rstrip(":"): part.splitlines()[1:] for part in response.text.split("\n\n")}
    names = ["node", "turns", "front door", "loops", "flusher", "upstream", "database", "nodes"]
    names += ["listeners", "keys", "access", "settings"]
    assert list(tables) == names
    for name, lines in tables.items():
        heading, rows = lines[0], lines[1:]
        columns = [found.start() for found in re.finditer(r"(?<!\S)(?<! )\S|(?<=  )\S", heading)]
        assert rows, name
        for row in rows:
            for start in (start for start in columns if start < len(row)):
                assert row[start - 2 : start] == "  " and row[start] != " ", row
    assert len(tables["loops"]) == 3 and len(tables["database"]) == 4 and len(tables["nodes"]) == 2
    assert " ready " in tables["node"][1]
    assert max(map(len, response.text.splitlines())) < 150


@pytest.mark.parametrize("how", ["query", "header"])
def test_the_status_is_json_for_programs(deployment, node, how):
    other = deployment.add_node()
    turn = deployment.client().start(model=deployment.model("rate=20;tokens=5000").name).read_some(1)
    url = f"{deployment.nginx.operator_url}/status"
    if how == "query":
        response = requests.get(f"{url}?format=json", timeout=10)
    else:
        response = requests.get(url, headers={"Accept": "application/json"}, timeout=10)
    assert response.headers["Content-Type"] == "application/json"
    status = response.json()
    assert status["node"]["state"] == "ready" and status["node"]["draining"] is False
    assert status["node"]["tag"] == 1 and 0 < status["node"]["uptime_seconds"] < 600
    assert 0 < status["node"]["lease_seconds"] <= 10
    assert status["turns"]["live"] == 1 and status["turns"]["limit"] == 4000
    assert 0 <= status["turns"]["oldest_age_seconds"] < 60
    assert [loop["loop"] for loop in status["loops"]] == ["0", "1"]
    assert status["flusher"]["last_flush_seconds"] > 0
    assert status["upstream"]["running"] == 1
    pools = [(row["pool"], row["connections"], row["up"]) for row in status["database"]]
    assert pools == [("common", 4, 4), ("flusher", 1, 1), ("lease", 1, 1)]
    listeners = {"chat": node.settings["listen"], "operator": node.settings["operator_listen"]}
    assert status["keys"] == {"signing": "dev", "verifying": "dev"}
    assert {row["door"]: row["address"] for row in status["listeners"]} == listeners
    rows = deployment.sql.execute("select incarnation, tag from node order by tag").fetchall()
    nodes = [(row["incarnation"], row["tag"], row["this"]) for row in status["nodes"]]
    assert nodes == [(str(rows[0]["incarnation"]), 1, True), (str(rows[1]["incarnation"]), 2, False)]
    assert all(0 < row["lease_seconds"] <= 10 and not row["voided"] for row in status["nodes"])
    assert status["node"]["incarnation"] == str(rows[0]["incarnation"])
    turn.cancel()
    assert other.process is not None


def test_neither_page_tells_secrets_or_content(deploy):
    deployment = deploy()
    conninfo = deployment.postgres.conninfo(deployment.database)
    deployment.add_node(database=f"{conninfo} password=hush-4711", environment={"TEST_KEY": "sk-hush-4712"})
    deployment.add_nginx()
    credential = deployment.insert("credential", name="hush-4713", reference="env:TEST_KEY")
    model = deployment.model("rate=20;tokens=500;text=echo", route={"credential_id": credential["id"]})
    turn = deployment.client().start("hush-4714", model=model.name)
    secrets = ["hush", model.name, turn.id, turn.conversation, *turn.token.split("."), "127.0.0.1"]
    base = deployment.nginx.operator_url
    for path in ("/metrics", "/status", "/status?format=json"):
        with urllib.request.urlopen(base + path, timeout=10) as response:
            text = response.read().decode()
        assert [secret for secret in secrets if len(secret) > 3 and secret in text] == [], path
    deployment.throw_out()
    turn.cancel()
