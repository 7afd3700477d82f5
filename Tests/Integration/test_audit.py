"""The audit: what operators change, by command line or SQL."""

import json

from desk import USAGE, furnish


def test_what_commands_change_is_told_with_who_and_what_was_before(desk):
    furnish(desk)
    desk.do("surface", "set", "web", "--pace-ms", "300")
    desk.do("model", "remove", "faster")
    rows = desk.json("audit", "list", "--limit", 1000)
    newest = [(row["relation"], row["operation"]) for row in rows[:2]]
    assert newest == [("virtual_model", "delete"), ("surface", "update")]
    assert rows[1]["changes"] == {"pace_ms": {"old": 250, "new": 300}}
    assert rows[0]["changes"]["name"] == {"old": "faster"}
    assert {(row["login"], row["role"], row["application"]) for row in rows[:2]} == {("sluice_admin", None, "sluice")}
    listed = desk.do("audit", "list", "--table", "surface", "--since", "1h").splitlines()
    assert listed[0].split() == ["AT", "LOGIN", "OPERATION", "TABLE", "KEY", "CHANGES"]
    assert "sluice_admin" in listed[1] and '"old":250' in listed[1].replace(" ", "")
    assert {row["relation"] for row in desk.json("audit", "list", "--table", "surface")} == {"surface"}
    assert desk.json("audit", "list", "--since", "2100-01-01") == []
    done = desk.run("audit", "list", "--table", "nothing")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "no changes\n")


def test_no_secret_is_in_it(desk):
    certificate = ("--client-certificate", "file:/c.pem", "--client-key", "file:/CANARY_KEY.pem")
    desk.do("credential", "add", "canary", "--reference", "env:CANARY_REFERENCE", *certificate)
    desk.do("model", "add", "fast")
    secrets = [f"--{name}={json.dumps({'x': 'CANARY'})}" for name in ("headers", "query", "overrides")]
    desk.do("route", "add", "fast", "--provider-model", "m", "--region", "https://h.example/v1?key=CANARY", *secrets)
    desk.sql.execute("update model_route set region = 'https://u:CANARY@h.example/v1'")
    desk.do("surface", "add", "web", "--kind", "web")
    key = desk.do("key", "add", "web", "--label", "Shop").strip()
    desk.sql.execute(
        "insert into jwt_issuer (surface_id, issuer, audience, algorithms, secret)"
        " select id, 'https://shop.example', 'sluice', '{HS256}', 'env:CANARY_SECRET' from surface where name = 'web'"
    )
    [hash] = [row["hash"].hex() for row in desk.sql.execute("select hash from surface_key").fetchall()]
    told = desk.do("audit", "list", "--limit", 1000, "--json")
    relations = {row["relation"] for row in json.loads(told)}
    assert {"credential", "model_route", "surface_key", "identity", "jwt_issuer"} <= relations
    for secret in ("CANARY", hash, key):
        assert secret not in told
    assert '"***"' in told and "https://***@h.example/v1" in told


def test_changes_by_sql_are_told_as_well(desk):
    furnish(desk)
    desk.sql.execute("delete from audit")
    desk.sql.execute("set application_name = 'psql of a DBA'; update surface set enabled = false")
    [row] = desk.json("audit", "list")
    assert (row["login"], row["application"]) == ("postgres", "psql of a DBA")
    assert row["changes"] == {"enabled": {"old": True, "new": False}}


def test_what_the_program_does_for_its_users_is_not_in_it(deployment):
    deployment.sql.execute("delete from audit")
    client = deployment.client()
    turn = client.start(model=deployment.model("rate=50;tokens=2000").name).read_some(5)
    turn.cancel()
    assert turn.read().state == "cancelled"
    rows = deployment.sql.execute("select distinct login from audit").fetchall()
    assert [row["login"] for row in rows] == ["postgres"], "the model that the test made, and nothing of the program"


def test_a_misuse_is_told(desk):
    assert "--since" in desk.refused("audit", "list", "--since", "soon", code=USAGE)
    assert "--limit" in desk.refused("audit", "list", "--limit", "0", code=USAGE)
    assert "sluice_admin" in desk.refused("audit", "list", user="sluice_report")
