"""The program from its command line: what it refuses, checks and does when asked to stop."""

import os
import subprocess

import pytest
import requests
from stack import wait_until


@pytest.fixture
def sluice(programs):
    def run(*arguments, **environment):
        command = [programs / "sluice", *arguments]
        variables = {**os.environ, **environment}
        return subprocess.run(command, capture_output=True, text=True, timeout=60, env=variables)

    return run


def test_version(sluice):
    done = sluice("version")
    assert done.returncode == 0
    assert done.stdout.strip()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("listen", "nonsense"),
        ("node_tag", "4096"),
        ("node_tag", "one"),
        ("drain_timeout", "soon"),
        ("log_level", "loud"),
        ("log_format", "xml"),
        ("loops", "0"),
        ("key_file", "/nonexistent/keys"),
        ("ca_bundle", "/nonexistent/bundle"),
        ("colour", "blue"),
    ],
)
def test_a_bad_setting_is_refused_by_name(deploy, key, value):
    deployment = deploy()
    node = deployment.add_node(start=False, **{key: value})
    node.launch()
    assert node.wait() not in (0, None)
    assert key in node.log.read_text()


def test_settings_come_from_flags_before_environment_before_file(deploy, sluice):
    node = deploy().add_node(start=False)
    node.write_config()
    assert sluice("check", "--config", node.config).returncode == 0
    by_environment = sluice("check", "--config", node.config, SLUICE_LOG_LEVEL="loud")
    assert by_environment.returncode != 0
    assert "log_level" in by_environment.stdout
    both = sluice("check", "--config", node.config, "--set", "log_level=info", SLUICE_LOG_LEVEL="loud")
    assert both.returncode == 0, both.stdout


@pytest.mark.parametrize("line", ["database: postgres://app:hunter2@db/sluice", "postgres://app:hunter2@db/sluice=1"])
def test_a_misplaced_secret_is_not_repeated(sluice, tmp_path, line):
    config = tmp_path / "sluice.conf"
    config.write_text(f"{line}\n")
    for arguments in (("--config", config), ("--set", line)):
        done = sluice("check", *arguments)
        assert done.returncode != 0
        assert "hunter2" not in done.stdout + done.stderr


def test_check_tells_a_good_deployment_from_a_bad_one(deploy, sluice):
    deployment = deploy()
    node = deployment.add_node(start=False)
    node.write_config()
    done = sluice("check", "--config", node.config)
    assert done.returncode == 0, done.stdout
    deployment.sql.execute("delete from schema_change where name = 'turn'")
    assert sluice("check", "--config", node.config).returncode != 0


def test_check_refuses_a_database_that_is_not_there(deploy, sluice):
    deployment = deploy()
    node = deployment.add_node(start=False, database=deployment.postgres.conninfo("absent"))
    node.write_config()
    assert sluice("check", "--config", node.config).returncode != 0


@pytest.mark.parametrize("keys", ["", "dev: short\n", "no colon\n"])
def test_bad_keys_are_refused_without_being_told(deploy, keys):
    deployment = deploy()
    node = deployment.add_node(start=False)
    (deployment.folder.path / "token.keys").write_text(keys)
    node.launch()
    assert node.wait() != 0
    log = node.log.read_text()
    assert "key_file" in log
    assert "short" not in log.replace("too short", "").replace("shorter", "")


def test_a_key_file_that_others_may_read_is_refused(deploy):
    deployment = deploy()
    node = deployment.add_node(start=False)
    (deployment.folder.path / "token.keys").chmod(0o644)
    node.launch()
    assert node.wait() != 0
    assert "key_file" in node.log.read_text()


def test_health_on_the_operator_listener(site):
    assert requests.get(f"{site.nginx.operator_url}/healthz", timeout=10).status_code == 200
    assert requests.get(f"{site.nginx.operator_url}/readyz", timeout=10).status_code == 200
    # Not on the listener for everybody.
    assert requests.get(f"{site.nginx.url}/readyz", timeout=10).status_code == 404


def test_a_draining_node_ends_its_turns_first(deploy):
    deployment = deploy()
    node = deployment.add_node(drain_timeout="60s")
    nginx = deployment.add_nginx()
    client = deployment.client()
    model = deployment.model("rate=50;tokens=60")
    turn = client.start(model=model.name).read_some(20)
    node.drain()
    wait_until(lambda: requests.get(f"{nginx.operator_url}/readyz", timeout=10).status_code == 503, "readyz to say so")
    refused = client.post_start({"message": "Hi", "model": model.name})
    assert refused.status_code == 503
    assert refused.headers["Retry-After"]
    assert turn.read().state == "done"
    assert turn.text == deployment.text(model)
    # Waiting for nginx to let go of idle connections is not what this test is about.
    node.drain()
    assert node.wait() == 0


def test_turns_that_outlive_the_drain_are_interrupted(deploy):
    deployment = deploy()
    node = deployment.add_node(drain_timeout="1s")
    deployment.add_nginx()
    turn = deployment.client().start(model=deployment.model("rate=50;tokens=5000").name).read_some(20)
    node.drain()
    turn.read()
    assert turn.state == "interrupted"
    assert deployment.turn(turn.id)["state"] == "interrupted"


def test_a_second_signal_skips_the_waits(deploy):
    deployment = deploy()
    node = deployment.add_node(drain_timeout="600s")
    deployment.add_nginx()
    turn = deployment.client().start(model=deployment.model("rate=50;tokens=5000").name).read_some(20)
    node.drain()
    wait_until(lambda: "drain" in node.log.read_text().lower(), "the drain to begin")
    node.drain()
    assert node.wait(30) == 0
    assert deployment.turn(turn.id)["state"] == "interrupted"


def test_a_node_that_ended_leaves_no_live_lease(deploy):
    deployment = deploy()
    node = deployment.add_node()
    node.drain()
    node.wait()
    query = "select count(*) as live from node where voided_at is null and lease_until > clock_timestamp()"
    assert deployment.sql.execute(query).fetchone()["live"] == 0


def test_no_content_and_no_token_in_the_log(deploy):
    deployment = deploy()
    deployment.add_node(log_level="debug")
    deployment.add_nginx()
    client = deployment.client()
    model = deployment.model("text=echo;rate=0")
    turn = client.start("a very private sentence", model=model.name).read()
    assert turn.text == "a very private sentence"
    log = deployment.nodes[0].log.read_text()
    for secret in ("private", client.token, turn.token, turn.started["read_token"]):
        assert secret not in log
