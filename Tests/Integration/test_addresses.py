"""Where providers may be: what an operator's settings make of the addresses behind an endpoint."""

import subprocess

import pytest


@pytest.mark.parametrize("host", ["169.254.169.254", "[::ffff:169.254.169.254]", "0.0.0.0", "2852039166"])
def test_no_turn_reaches_what_is_no_providers(site, host):
    model = site.model(route={"region": f"http://{host}:{site.simulator.port}/v1"})
    turn = site.client().start(model=model.name).read()
    assert (turn.state, turn.end["error"]["code"]) == ("error", "model_misconfigured")
    assert "refused_address" in (site.logs / "node-0.log").read_text()
    assert site.upstream(model) == []


def test_what_is_allowed_is_reached(deploy):
    deployment = deploy()
    deployment.add_node(upstream_allow="0.0.0.0")
    deployment.add_nginx()
    model = deployment.model(route={"region": f"http://0.0.0.0:{deployment.simulator.port}/v1"})
    assert deployment.client().start(model=model.name).read().text == deployment.text(model)


@pytest.mark.parametrize(("only", "state"), [("127.0.0.0/8", "done"), ("localhost,10.0.0.0/8", "error")])
def test_only_what_is_listed_is_reached(deploy, only, state):
    deployment = deploy()
    deployment.add_node(upstream_only=only)
    deployment.add_nginx()
    assert deployment.client().start(model=deployment.model().name).read().state == state
    named = deployment.model(route={"region": f"http://localhost:{deployment.simulator.port}/v1"})
    assert deployment.client().start(model=named.name).read().state == "done"


def test_a_list_that_cannot_be_read(deploy):
    node = deploy().add_node(start=False, upstream_only="api.example.com:443")
    node.write_config()
    program = [node.programs / "sluice", "serve", "--config", node.config]
    done = subprocess.run(program, capture_output=True, text=True, timeout=20)
    assert done.returncode == 78
    assert "upstream_only" in done.stderr and "`api.example.com:443` is neither a host" in done.stderr
