"""Bounds that are hit, time-outs that fire, and a configuration that is read anew."""

import signal
import socket
import time

import pytest
from stack import wait_until


def error(response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def reload(node, log_lines: int, **settings: str) -> None:
    """Rewrites the configuration file and waits until SIGHUP was acted on."""
    node.settings.update(settings)
    node.write_config()
    node.process.signal(signal.SIGHUP)
    said = ("configuration and key file read anew", "configuration not read")
    wait_until(
        lambda: sum(node.log.read_text().count(words) for words in said) > log_lines, "the reload", 10, node.log
    )


def test_live_turns_are_bounded_before_anything_reaches_the_provider(deploy):
    d = deploy()
    node = d.add_node(turn_limit="2")
    d.add_nginx()
    model = d.model("rate=20;tokens=100000")
    client = d.client()
    turns = [client.start(model=model.name) for _ in range(2)]
    response = client.post_start({"message": "x", "model": model.name})
    assert error(response) == (503, "overloaded") and int(response.headers["Retry-After"]) >= 1
    assert len(d.upstream(model)) == 2
    assert d.sql.execute("select count(*) as n from turn").fetchone()["n"] == 2
    # A place that is free again is taken again.
    turns[0].cancel()
    turns[0].read()
    turns.append(client.start(model=model.name))
    # SIGHUP takes up another bound; turns above it go on.
    reload(node, 0, turn_limit="1")
    assert error(client.post_start({"message": "x", "model": model.name})) == (503, "overloaded")
    reload(node, 1, turn_limit="10")
    turns.append(client.start(model=model.name))
    for turn in turns[1:]:
        turn.read_some(50)
        turn.cancel()
        assert turn.read().state == "cancelled"


def test_requests_to_one_host_are_bounded_and_queued(deploy):
    d = deploy()
    d.add_node(upstream_host_limit="2", upstream_queue="1")
    d.add_nginx()
    model = d.model("rate=20;tokens=100000")
    client = d.client()
    running = [client.start(model=model.name) for _ in range(2)]
    for turn in running:
        turn.read_some()
    waiting = client.start(model=model.name)
    response = client.post_start({"message": "x", "model": model.name})
    assert error(response) == (503, "overloaded") and int(response.headers["Retry-After"]) >= 1
    assert waiting.poll(wait=0)["events"] == []
    assert len(d.upstream(model)) == 2
    running[0].cancel()
    # Its place is the next one's.
    waiting.read_some()
    assert len(d.upstream(model)) == 3 and d.simulator.most_streams() == 2
    for turn in [*running, waiting]:
        turn.cancel()
        assert turn.read().state == "cancelled"


def test_who_waits_too_long_for_a_place_is_told(deploy):
    d = deploy()
    d.add_node(upstream_limit="1", upstream_queue="5", upstream_queue_timeout="700ms")
    d.add_nginx()
    model = d.model("rate=20;tokens=100000")
    client = d.client()
    running = client.start(model=model.name).read_some()
    waiting = client.start(model=model.name)
    cancelled = client.start(model=model.name)
    cancelled.cancel()
    assert cancelled.read().state == "cancelled"
    assert waiting.read().state == "error" and waiting.end["error"]["code"] == "overloaded"
    assert waiting.end["error"]["retryable"] is True
    assert len(d.upstream(model)) == 1
    running.cancel()
    running.read()


def test_a_request_that_is_too_large_is_refused(deploy):
    d = deploy()
    node = d.add_node(max_body="2k", max_headers="4k")
    d.add_nginx()
    model = d.model("rate=0;tokens=1")
    client = d.client()
    assert error(client.post_start({"message": "x" * 3000, "model": model.name})) == (413, "body_too_large")
    assert error(client.request("GET", f"/chat/models?{'x' * 5000}")) == (431, "headers_too_large")
    client.ask("x" * 1000, model=model.name)
    reload(node, 0, max_body="8k")
    client.ask("x" * 3000, model=model.name)


def test_a_reload_takes_all_or_nothing_and_says_what_needs_a_restart(deploy):
    d = deploy()
    node = d.add_node(log_level="info")
    d.add_nginx()
    reload(node, 0, turn_limit="nonsense", log_level="debug")
    text = node.log.read_text()
    assert "configuration not read" in text and "turn_limit" in text
    assert " debug " not in text
    reload(node, 1, turn_limit="5", loops="1")
    wait_until(lambda: "changes that need a restart" in node.log.read_text(), "the warning", 5, node.log)
    [line] = [line for line in node.log.read_text().splitlines() if "changes that need a restart" in line]
    assert "loops" in line and "turn_limit" not in line
    # The new level holds for what comes now.
    d.client().ask(model=d.model("fault=status;status=400").name)
    wait_until(lambda: " debug " in node.log.read_text(), "a line at debug", 5, node.log)
    # What still differs is said again.
    reload(node, 2)
    assert node.log.read_text().count("changes that need a restart") == 2


TIMEOUTS = {
    # column of the route, scenario, code
    "first byte": ({"first_byte_timeout_ms": 800}, "fault=stallheaders", "upstream_timeout"),
    "first byte, head dribbled": ({"first_byte_timeout_ms": 800}, "dribble=20000;rate=0", "upstream_timeout"),
    # Either limit holds for both where the other one is not given.
    "first byte, for the first token too": ({"first_byte_timeout_ms": 800}, "first=60000;beat=50", "upstream_timeout"),
    "first token, for the first byte too": ({"first_token_timeout_ms": 800}, "fault=stallheaders", "upstream_timeout"),
    "first token": ({"first_token_timeout_ms": 800}, "first=60000", "upstream_timeout"),
    "first token behind comments": ({"first_token_timeout_ms": 800}, "first=60000;beat=50", "upstream_timeout"),
    "idle": ({"idle_timeout_ms": 800}, "rate=0;fault=stall;after=3", "upstream_timeout"),
    "idle behind comments": ({"idle_timeout_ms": 800}, "rate=0;fault=stall;after=3;beat=50", "upstream_timeout"),
    "total": ({"total_timeout_ms": 800}, "rate=20;tokens=10000", "upstream_timeout"),
}


@pytest.mark.parametrize("name", TIMEOUTS)
def test_time_outs_fire_when_they_say(site, name):
    route, scenario, code = TIMEOUTS[name]
    model = site.model(scenario, route=route)
    client = site.client()
    began = time.monotonic()
    turn = client.start(model=model.name).read()
    took = time.monotonic() - began
    assert (turn.state, turn.end["error"]["code"]) == ("error", code)
    row = site.turn(turn.id)
    lived = (row["ended_at"] - row["created_at"]).total_seconds()
    # The idle time-out begins with the last data, which come at once.
    assert 0.75 <= lived <= 1.3, (lived, took)


def test_a_connection_that_does_not_come_about_fires_its_time_out(site):
    # A listening queue that is full answers no further connection.
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
            fillers.append(filler)
        region = f"http://127.0.0.1:{full.getsockname()[1]}/v1"
        model = site.model("", route={"region": region, "connect_timeout_ms": 800})
        turn = site.client().start(model=model.name).read()
        for filler in fillers:
            filler.close()
    assert (turn.state, turn.end["error"]["code"]) == ("error", "upstream_unreachable")
    row = site.turn(turn.id)
    assert 0.75 <= (row["ended_at"] - row["created_at"]).total_seconds() <= 1.3


def test_who_needs_no_place_is_answered_by_a_full_node(deploy):
    d = deploy()
    d.add_node(upstream_limit="1", upstream_queue="0")
    d.add_nginx()
    model = d.model("rate=20;tokens=100000")
    client = d.client()
    body = {"message": "x", "model": model.name, "stream": {"modes": ["poll"]}}
    started = client.post_start(body, key="once")
    assert started.status_code == 202
    turn = started.json()
    repeated = client.post_start(body, key="once")
    assert repeated.status_code == 202 and repeated.json()["turn"] == turn["turn"]
    assert error(client.post_start({**body, "message": "y"}, key="once")) == (422, "idempotency_key_reused")
    busy = client.post_start({**body, "conversation": turn["conversation"]})
    assert error(busy) == (409, "turn_in_progress") and busy.json()["turn"] == turn["turn"]
    assert error(client.post_start(body)) == (503, "overloaded")
    client.request("POST", f"/chat/{turn['turn']}/cancel")


def test_a_route_that_was_changed_is_found_although_its_host_was_full(deploy):
    d = deploy()
    d.add_node(upstream_host_limit="1", upstream_queue="0")
    d.add_nginx()
    model = d.model("rate=20;tokens=100000")
    client = d.client()
    running = client.start(model=model.name).read_some()
    assert error(client.post_start({"message": "x", "model": model.name})) == (503, "overloaded")
    # Another name of the same machine is another host.
    elsewhere = d.simulator.base_url.replace("127.0.0.1", "localhost")
    d.sql.execute("update model_route set region = %s", [elsewhere])
    body = {"message": "x", "model": model.name, "stream": {"modes": ["poll"]}}
    accepted = wait_until(
        lambda: (reply := client.post_start(body)).status_code == 202 and reply, "a start on the other host", 10
    )
    wait_until(lambda: len(d.upstream(model)) == 2, "its request to reach the provider")
    running.cancel()
    client.request("POST", f"/chat/{accepted.json()['turn']}/cancel")


def test_an_answer_in_one_piece_has_no_first_token(site):
    route = {"first_token_timeout_ms": 500, "first_byte_timeout_ms": 20_000}
    model = site.model("tokens=30;rate=20", stream=False, route=route)
    assert site.client().start(model=model.name).read().state == "done"
