"""`sluice check`: how it tells what it found, and what it says of credentials and other nodes."""

import os
import secrets
import socket
import subprocess
import uuid
from pathlib import Path

import pytest
from stack import wait_until

# MARK: how it tells


def test_all_is_well_and_strict_agrees(bench):
    report = bench.check("--strict")
    assert report.bad() == [], report.text
    assert (report.code, report.body["result"]) == (0, "ok")
    subjects = {finding["subject"] for finding in report.body["findings"]}
    assert subjects == {
        *("configuration", "key_file", "descriptors", "listen", "operator_listen"),
        *("database", "tls", "settings", "clock", "schema", "rights", "exposure", "ring", "surfaces", "roles", "routes"),
        *("prices", "credentials", "issuers", "node_tag"),
    }


def test_a_warning_fails_only_if_strict(bench):
    bench.sql.execute("update surface set enabled = false")
    assert bench.check().only("warn", "surfaces")
    strict = bench.check("--strict")
    assert (strict.code, strict.body["result"]) == (1, "warn")


def test_people_read_columns_and_below_each_fault_how_to_mend_it(bench):
    bench.sql.execute("update surface set enabled = false")
    bench.sql.execute("revoke insert on message from sluice_app")
    done = bench.run()
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    at = lines.index("FAIL  rights           sluice_app lacks insert on sluice.message")
    assert lines[at + 1] == "      grant insert on sluice.message to sluice_app;"
    assert any(line.startswith("warn  surfaces         none") for line in lines)
    heads = [line for line in lines if not line.startswith("      ")]
    assert {line[:6] for line in heads} == {"ok    ", "warn  ", "FAIL  "}
    # All texts begin in one column.
    assert all(line[22] == " " and line[23] != " " for line in heads)


def test_a_configuration_that_cannot_be_used_ends_with_78(bench):
    bench.node.settings["loops"] = "0"
    report = bench.check()
    assert report.code == 78
    assert report.bad() == [("fail", "configuration")]
    assert "loops" in report.text


def test_a_file_without_nginx_is_a_mistake(bench):
    assert bench.run("nginx.conf").returncode == 64


# MARK: credentials and nodes


def credential(bench, reference: str, **columns) -> None:
    name = f"c-{uuid.uuid4().hex[:8]}"
    row = bench.insert("credential", name=name, reference=reference)
    bench.model(route={"credential_id": row["id"], **columns})


def test_credentials_are_looked_for_on_this_machine(bench):
    secret = bench.folder.path / "provider.key"
    credential(bench, f"file:{secret}")
    finding = bench.check().only("fail", "credentials")
    assert str(secret) in finding["mend"]
    secret.write_text("very-secret\n")
    report = bench.check()
    assert report.bad() == []
    assert "very-secret" not in report.text
    credential(bench, "env:SLUICE_TEST_PROVIDER_KEY")
    assert "SLUICE_TEST_PROVIDER_KEY" in bench.check().only("warn", "credentials")["text"]
    report = bench.check(env={**os.environ, "SLUICE_TEST_PROVIDER_KEY": "also-secret"})
    assert report.bad() == []
    assert "also-secret" not in report.text


def keys(bench, name: str = "credential.keys", kid: str = "k1") -> Path:
    """A file of one sealing key."""
    path = bench.folder.path / name
    path.touch(mode=0o600)
    path.write_text(f"{kid}: {secrets.token_hex(32)}\n")
    return path


def seal(bench, name: str, path: Path, secret: str = "very-secret") -> None:
    """What `sluice credential add` seals, with a route to send it."""
    database = bench.postgres.conninfo(bench.database, "sluice_admin")
    subprocess.run(
        [bench.programs / "sluice", "credential", "add", name, "--secret-stdin"],
        input=secret,
        text=True,
        capture_output=True,
        check=True,
        timeout=60,
        env={**os.environ, "SLUICE_ADMIN_DATABASE": database, "SLUICE_CREDENTIAL_KEYS": str(path)},
    )
    row = bench.sql.execute("select id from credential where name = %s", [name]).fetchone()
    bench.model(route={"credential_id": row["id"]})


def test_sealed_credentials_open_with_the_keys_of_this_machine(bench):
    own, other = keys(bench), keys(bench, "other.keys", "k2")
    seal(bench, "gateway", own)
    missing = bench.check().only("fail", "credentials")
    assert "gateway: sealed with key k1, which is not in credential_keys" in missing["text"]
    assert "the line of k1" in missing["mend"]
    bench.node.settings["credential_keys"] = str(other)
    assert "sealed with key k1" in bench.check().only("fail", "credentials")["text"]
    bench.node.settings["credential_keys"] = str(own)
    report = bench.check()
    assert report.bad() == []
    assert report.of("credential_keys")[0]["text"] == "`k1` seals, 1 open"
    # A key of the same name, and what was sealed for another row.
    bench.node.settings["credential_keys"] = str(keys(bench, "wrong.keys"))
    finding = bench.check().only("fail", "credentials")
    assert "gateway: does not open with key k1" in finding["text"] and "sluice credential set gateway" in finding["mend"]
    bench.node.settings["credential_keys"] = str(own)
    seal(bench, "second", own)
    bench.sql.execute(
        "update credential set sealed = (select sealed from credential where name = 'second') where name = 'gateway'"
    )
    report = bench.check()
    assert "gateway: does not open" in report.only("fail", "credentials")["text"]
    assert "very-secret" not in report.text
    # One that no turn can ask for is not missed.
    bench.sql.execute("update model_route set enabled = false")
    assert bench.check().bad() == []


def test_sealing_keys_are_not_open_to_everybody(bench):
    path = keys(bench)
    bench.node.settings["credential_keys"] = str(path)
    path.chmod(0o644)
    report = bench.check()
    assert (report.code, report.bad()) == (78, [("fail", "configuration")])
    assert f"chmod o= {path}" in report.text
    path.unlink()
    assert "cannot be read" in bench.check().of("configuration")[0]["text"]


# MARK: routes


ROUTES = [
    ({"driver": "fax"}, {}, "this program has no driver fax", "openai, azure, gateway"),
    ({"driver": "azure", "region": None}, {}, "region: an endpoint", "sluice route set"),
    ({"region": "https://u:hunter2@llm.example"}, {}, "region: not an http or https URL", "sluice route set"),
    ({"overrides": '{"stream": false}'}, {}, "overrides.stream", "sluice route set"),
    ({"headers": '{"authorization": "hunter2"}'}, {}, "headers.authorization", "sluice route set"),
    ({"headers": '{"x-team": 1}'}, {}, "headers.x-team", "sluice route set"),
    ({"query": '{"": "hunter2"}'}, {}, "query.", "sluice route set"),
    ({"driver": "responses"}, {"parameters": '{"stop": ["a"]}'}, "parameters.stop", "sluice model set"),
    ({}, {"parameters": '{"colour": "hunter2"}'}, "parameters.colour", "sluice model set"),
]


@pytest.mark.parametrize(("route", "model", "text", "mend"), ROUTES, ids=[row[2].split(":")[0] for row in ROUTES])
def test_a_route_that_no_request_can_be_made_of(bench, route, model, text, mend):
    name = bench.model(route=route, **model).name
    bench.model()
    id = bench.sql.execute(
        "select r.id from model_route r join virtual_model m on m.id = model_id where m.name = %s", [name]
    ).fetchone()["id"]
    report = bench.check()
    finding = report.only("fail", "routes")
    assert finding["text"].startswith(f"{name}: route {id}: {text}") and mend in finding["mend"]
    assert "hunter2" not in report.text
    bench.sql.execute("update model_route set enabled = false where id = %s", [id])
    report = bench.check()
    assert report.bad() == [] and report.of("routes")[0]["text"] == "1 enabled"


def test_routes_of_every_driver_are_tried(bench):
    secret = bench.folder.path / "provider.key"
    secret.write_text("key\n")
    row = bench.insert("credential", name="any", reference=f"file:{secret}")
    for driver in ("openai", "responses", "anthropic", "gemini", "ollama", "echo"):
        bench.model(route={"driver": driver, "region": None})
    bench.model(route={"driver": "bedrock", "region": "eu-central-1", "credential_id": row["id"]})
    for driver in ("azure", "gateway"):
        bench.model(route={"driver": driver})
    report = bench.check()
    assert report.bad() == [] and report.of("routes")[0]["text"] == "9 enabled"


def test_limits_of_money_want_prices(bench):
    model = bench.model()
    other = bench.model()
    ids = {row["name"]: row["id"] for row in bench.sql.execute("select name, id from virtual_model").fetchall()}
    bench.insert("usage_limit", model_id=ids[model.name], tokens_per_day=1, cost_per_month=5)
    finding = bench.check().only("warn", "prices")
    assert finding["text"].startswith(f"{model.name}: openai {model.provider_model} has no price")
    assert finding["mend"].startswith(f"sluice price add openai {model.provider_model}")
    for name in (model.provider_model, other.provider_model):
        bench.insert("price", driver="openai", provider_model=name, valid_from="2020-01-01", input=1, output=1)
    assert bench.check().bad() == []
    # What comes to hold tomorrow does not hold.
    bench.sql.execute("update price set valid_from = now() + interval '1 day' where provider_model <> %s", [other.provider_model])
    assert bench.check().bad() == [("warn", "prices")]


def test_files_for_tls_are_judged_by_whether_they_can_be_read(bench):
    files = {
        column: bench.folder.path / f"{column}.pem" for column in ("client_certificate", "client_key", "ca_bundle")
    }
    row = bench.insert("credential", name="mutual", **{column: f"file:{path}" for column, path in files.items()})
    bench.model(route={"credential_id": row["id"]})
    report = bench.check()
    assert report.bad() == [("fail", "credentials")] * 3
    for finding, (column, path) in zip(report.of("credentials"), sorted(files.items()), strict=True):
        assert f"mutual: {column} {path} cannot be read: No such file" in finding["text"]
        assert "PEM" in finding["mend"] and "write the key into" not in finding["mend"]
    # What stands in them is no secret to be sent, and may be of any form.
    files["ca_bundle"].write_bytes(b"\xff\n")
    files["client_certificate"].write_text("")
    assert "client_key" in bench.check().only("fail", "credentials")["text"]
    files["client_key"].write_text("-")
    assert bench.check().bad() == []


def test_credentials_of_disabled_routes_are_not_missed(bench):
    credential(bench, "file:/nonexistent/key", enabled=False)
    assert bench.check().bad() == []


def test_roles_that_leave_nobody_a_model(bench):
    model = bench.model()
    other = bench.model(enabled=False)
    role = bench.insert("role", name="support")["id"]

    def grant(name: str) -> None:
        bench.sql.execute("insert into role_model select %s, id from virtual_model where name = %s", [role, name])

    def give(column: str, role) -> None:
        bench.sql.execute(f"update surface set {column} = %s where name = 'web'", [role])

    # Given by no surface it leaves nobody anything.
    assert bench.check().bad() == []
    give("role_id", role)
    finding = bench.check().only("warn", "roles")
    assert "web: the role support grants no virtual model" in finding["text"] and "--model" in finding["mend"]
    give("role_id", None)
    assert "web: no role grants" in bench.check().only("warn", "roles")["text"]
    # Who has a role of their own needs none from the surface.
    identity = bench.insert("identity", kind="person")["id"]
    bench.sql.execute("insert into identity_role (identity_id, role_id) values (%s, %s)", [identity, role])
    assert bench.check().bad() == []
    # Visitors have none.
    give("anonymous_role_id", role)
    assert "anonymous visitors" in bench.check().only("warn", "roles")["text"]
    grant(model.name)
    assert bench.check().bad() == []
    grant(other.name)
    finding = bench.check().only("warn", "roles")
    assert f"support grants {other.name}, which is disabled" in finding["text"]
    assert f"--drop-model {other.name}" in finding["mend"]


def test_another_live_node_with_the_same_tag(bench):
    tag, own_host = 77, socket.gethostname()
    bench.node.settings["node_tag"] = str(tag)

    def add(host: str, lease: str) -> None:
        bench.sql.execute(
            "insert into node (incarnation, tag, host, version, lease_until)"
            f" values (gen_random_uuid(), %s, %s, '0', clock_timestamp() + interval '{lease}')",
            [tag, host],
        )

    add("gone.example", "-1 second")
    assert bench.check().bad() == []
    add(own_host, "1 hour")
    assert "runs here" in bench.check().of("node_tag")[0]["text"]
    add(own_host, "1 hour")
    assert "2 live nodes" in bench.check().only("warn", "node_tag")["text"]
    add("other.example", "1 hour")
    assert "other.example" in bench.check().only("warn", "node_tag")["text"]


def test_a_running_node_does_not_disturb_its_own_check(bench):
    bench.node.start()
    wait_until(lambda: "runs here" in bench.check().of("node_tag")[0]["text"], "the node to be seen")
    assert bench.check().bad() == []
