"""Routes with `http_version` 2: many turns on few connections, each for itself."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from h2.errors import ErrorCodes
from http2_provider import WHOLE, HTTP2Provider, Link, certificate
from stack import wait_until
from stack.ports import free_port

TEXT = "Hello there"


class Front:
    """An nginx that speaks HTTP/2 by TLS, in front of the simulator; it logs each request's connection."""

    def __init__(self, deployment):
        self.folder = deployment.folder.path / "front"
        self.folder.mkdir()
        self.bundle, key = certificate(self.folder)
        self.port, self.log = free_port(), self.folder / "access.log"
        paths = " ".join(f"{n}_temp_path {self.folder}/{n};" for n in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"])
        (self.folder / "nginx.conf").write_text(
            f"""
            daemon off; worker_processes 1; pid {self.folder}/pid; error_log {self.folder}/error.log;
            events {{ worker_connections 1024; }}
            http {{
              log_format connection "$server_protocol $connection"; access_log {self.log} connection; {paths}
              server {{
                listen 127.0.0.1:{self.port} ssl http2;
                ssl_certificate {self.bundle}; ssl_certificate_key {key};
                location / {{
                  proxy_pass http://127.0.0.1:{deployment.simulator.port};
                  proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;
                }}
              }}
            }}"""
        )
        command = ["nginx", "-p", self.folder, "-c", self.folder / "nginx.conf", "-e", self.folder / "error.log"]
        deployment.processes.start("the front", command, self.folder / "error.log")
        self.route = {"region": f"https://127.0.0.1:{self.port}/v1", "http_version": 2}

    def connections(self) -> list[str]:
        """The connection of each request, in the order they ended; all must have been HTTP/2."""
        lines = self.log.read_text().splitlines()
        assert all(line.startswith("HTTP/2.0 ") for line in lines), lines
        return [line.split()[1] for line in lines]


@pytest.fixture
def front(deploy):
    """A deployment of one node with two loops, behind its Front."""
    deployment = deploy()
    front = Front(deployment)
    deployment.add_node(ca_bundle=str(front.bundle))
    deployment.add_nginx()
    front.deployment = deployment
    return front


def test_a_hundred_turns_on_few_connections(front):
    deployment = front.deployment
    model = deployment.model("tokens=40;rate=20", route=front.route)
    expected = deployment.text(model)
    with ThreadPoolExecutor(100) as pool:
        clients = [deployment.client() for _ in range(100)]
        turns = list(pool.map(lambda client: client.start(model=model.name).read(), clients))
    assert [turn.text == expected for turn in turns] == [True] * 100
    assert {turn.state for turn in turns} == {"done"}
    assert deployment.simulator.most_streams(model.provider_model) > 20
    wait_until(lambda: len(front.connections()) == 100, "nginx to log all", 5)
    # One for each loop, and one more where the node's own queue outran the first handshake.
    assert len(set(front.connections())) <= 4


def test_cancelling_one_leaves_the_others(front):
    deployment = front.deployment
    model = deployment.model("tokens=60;rate=20", route=front.route)
    expected = deployment.text(model)
    turns = [deployment.client().start(model=model.name) for _ in range(6)]
    wait_until(lambda: deployment.simulator.open_streams(model.provider_model) == 6, "all to stream", 10)
    turns[2].cancel()
    wait_until(lambda: deployment.simulator.open_streams(model.provider_model) == 5, "one to be closed", 5)
    for index, turn in enumerate(turns):
        if index != 2:
            turn.read()
            assert (turn.state, turn.text) == ("done", expected)
    assert turns[2].read().state == "cancelled"


@pytest.mark.parametrize("fault", ["fault=reset;after=8;rate=100", "fault=cut;after=8;rate=100"])
def test_an_answer_that_breaks_off_is_never_whole(front, fault):
    model = front.deployment.model(fault, route=front.route)
    turns = [front.deployment.client().start(model=model.name) for _ in range(4)]
    for turn in turns:
        turn.read()
        assert (turn.state, turn.end["error"]["code"]) == ("error", "upstream_truncated")
        assert turn.text


@pytest.fixture
def provide(deploy):
    """Starts a provider with a script, and a node that asks it on one loop; returns both and the model's name."""

    def start(script):
        deployment = deploy()
        provider = HTTP2Provider(deployment.folder.path, script)
        deployment.add_node(ca_bundle=str(provider.bundle), loops="1")
        deployment.add_nginx()
        model = deployment.model(route={"region": provider.url, "http_version": 2}, retry_budget_ms=0)
        return deployment, provider, model

    return start


def test_what_was_accepted_goes_on_after_a_goodbye(provide):
    first, goes_on = threading.Event(), threading.Event()

    def script(link: Link, stream: int) -> None:
        if link.number > 1 or stream > 1:
            return link.answer(stream)
        link.head(stream)
        link.send(stream, WHOLE[0])
        link.say_goodbye(stream)
        first.set()

        def rest() -> None:
            goes_on.wait(20)
            link.send(stream, WHOLE[1])
            link.send(stream, WHOLE[2], ends=True)

        threading.Thread(target=rest, daemon=True).start()

    deployment, provider, model = provide(script)
    accepted = deployment.client().start(model=model.name)
    assert first.wait(10)
    # Whoever comes now finds another connection.
    later = [deployment.client().start(model=model.name) for _ in range(3)]
    for turn in later:
        assert (turn.read().state, turn.text) == ("done", TEXT)
    goes_on.set()
    assert (accepted.read().state, accepted.text) == ("done", TEXT)
    assert provider.links[0].asked == [1]


@pytest.mark.parametrize("count", [1, 2, 6])
@pytest.mark.parametrize("way", ["goodbye", "refused", "both"])
def test_what_was_refused_begins_again_elsewhere(provide, count, way):
    def script(link: Link, stream: int) -> None:
        if link.number > 1:
            return link.answer(stream)
        if len(link.asked) < count:
            return None
        if way != "refused":
            link.say_goodbye(0)
        if way != "goodbye":
            for one in link.asked:
                link.refuse(one)
        return None

    deployment, provider, model = provide(script)
    turns = [deployment.client().start(model=model.name) for _ in range(count)]
    for turn in turns:
        assert (turn.read().state, turn.text) == ("done", TEXT)
    assert len(provider.links) <= 1 + count
    assert sum(len(link.asked) for link in provider.links[1:]) == count
    rows = [deployment.turn(turn.id) for turn in turns]
    # It was one attempt each, for the turn.
    assert [len(row["upstream"]["attempts"]) for row in rows] == [1] * count


def test_a_provider_that_refuses_for_ever_is_given_up(provide):
    def script(link: Link, stream: int) -> None:
        link.refuse(stream)

    deployment, provider, model = provide(script)
    turn = deployment.client().start(model=model.name).read()
    assert (turn.state, turn.end["error"]["code"]) == ("error", "upstream_truncated")
    assert turn.end["error"]["retryable"] is True
    assert 2 <= sum(len(link.asked) for link in provider.links) <= 12


@pytest.mark.parametrize("code", [ErrorCodes.INTERNAL_ERROR, ErrorCodes.CANCEL])
def test_a_stream_that_is_reset_in_the_middle_is_not_whole(provide, code):
    def script(link: Link, stream: int) -> None:
        if stream in (1, 5):
            link.head(stream)
            link.send(stream, WHOLE[0])
        if stream == 5:
            link.refuse(1, code)
            link.send(5, WHOLE[1] + WHOLE[2], ends=True)
        if stream == 3:
            link.answer(stream)

    deployment, provider, model = provide(script)
    turns = []
    for asked in range(1, 4):
        turns.append(deployment.client().start(model=model.name))
        wait_until(lambda asked=asked: provider.links and len(provider.links[0].asked) == asked, "the request", 10)
    for turn in turns:
        turn.read()
    assert [turn.state for turn in turns] == ["error", "done", "done"]
    assert turns[0].end["error"]["code"] == "upstream_truncated"
    assert turns[0].text == "Hello "
    assert len(provider.links) == 1


def test_a_cancelled_turn_resets_its_stream_alone(provide):
    def script(link: Link, stream: int) -> None:
        link.head(stream)
        link.send(stream, WHOLE[0])
        if stream == 5:
            link.send(3, WHOLE[1] + WHOLE[2], ends=True)
            link.send(5, WHOLE[1] + WHOLE[2], ends=True)

    deployment, provider, model = provide(script)
    cancelled = deployment.client().start(model=model.name)
    other = deployment.client().start(model=model.name)
    wait_until(lambda: provider.links and len(provider.links[0].asked) == 2, "both requests", 10)
    link = provider.links[0]
    cancelled.cancel()
    wait_until(lambda: link.reset, "the reset", 10)
    assert len(link.reset) == 1
    assert cancelled.read().state == "cancelled"
    last = deployment.client().start(model=model.name)
    if link.reset == [1]:
        assert (last.read().state, other.read().state) == ("done", "done")
    assert len(provider.links) == 1
