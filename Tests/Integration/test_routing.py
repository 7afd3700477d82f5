"""Several routes of one virtual model: who serves, who takes over, who is left out."""

import socket
import subprocess
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from providers import add_model, add_route, asked, routed, text
from scrape import Scrape
from scripted_provider import STREAM, ScriptedProvider, delta, event
from stack import Certificate, Simulator, wait_until

TIMEOUTS = {"connect_timeout_ms": 2_000, "first_byte_timeout_ms": 700, "first_token_timeout_ms": 700}


def attempts(site, turn) -> list[tuple[str | None, int | None]]:
    """Error code and status of each."""
    return [(one.get("error"), one.get("status")) for one in site.turn(turn.id)["upstream"]["attempts"]]


@pytest.mark.parametrize(
    ("scenario", "code", "status"),
    [
        ("fault=status;status=503;retry=none", "upstream_overloaded", 503),
        ("fault=status;status=429;retry=30", "upstream_rate_limited", 429),
        ("fault=status;status=408", "upstream_error", 408),
        ("fault=status;status=409", "upstream_error", 409),
        ("fault=status;status=425", "upstream_error", 425),
        ("fault=status;status=500;body=html", "upstream_error", 500),
        ("fault=status;status=529", "upstream_overloaded", 529),
        ("fault=status;status=401", "upstream_unauthorized", 401),
        ("fault=status;status=404", "upstream_refused", 404),
        ("fault=reset;after=request", "upstream_truncated", None),
        ("fault=reset;after=headers", "upstream_truncated", None),
        ("fault=reset;after=0", "upstream_truncated", None),
        ("fault=stallheaders", "upstream_timeout", None),
        ("dribble=5000", "upstream_timeout", None),
        ("fault=stall;after=headers", "upstream_timeout", None),
        ("fault=stall;after=0", "upstream_timeout", None),
        ("fault=eof;after=0", "upstream_truncated", None),
        ("fault=error;after=0", "upstream_error", None),
        ("fault=garbage;after=0", "upstream_malformed", None),
        # Reasoning that nobody sees is no content.
        ("reasoning=20;fault=reset;after=10;rate=0", "upstream_truncated", None),
    ],
)
def test_another_route_takes_over(site, scenario, code, status):
    model, (first, second) = routed(site, scenario, "rate=0;tokens=20", routes=TIMEOUTS)
    turn = site.client().start(model=model).read()
    assert (turn.state, turn.text) == ("done", text(site, second)), turn.end
    # libcurl itself asks once more where a connection that was kept breaks before a byte.
    assert len(asked(site, first)) in ((1, 2) if scenario == "fault=reset;after=request" else (1,))
    assert len(asked(site, second)) == 1
    row = site.turn(turn.id)
    assert row["route_id"] == second.id
    assert [one["route"] for one in row["upstream"]["attempts"]] == [str(first.id), str(second.id)]
    found = attempts(site, turn)
    assert found[0][0] == code and found[1] == (None, None)
    if status:
        assert found[0][1] == status
    # As committed as any other.
    assert "".join(event.get("text", "") for event in site.events(turn.id)) == turn.text


@pytest.mark.parametrize(
    ("region", "code"),
    [
        ("http://127.0.0.1:1/v1", "upstream_unreachable"),
        ("http://no-such-host.invalid/v1", "upstream_unreachable"),
    ],
)
def test_a_provider_that_cannot_be_reached_is_passed_over(site, region, code):
    model = add_model(site)
    add_route(site, model, region=region)
    second = add_route(site, model, priority=2)
    turn = site.client().start(model=model).read()
    assert (turn.state, turn.text) == ("done", text(site, second))
    assert attempts(site, turn)[0] == (code, None)


def test_a_certificate_that_nobody_signed_is_passed_over(deploy, tmp_path):
    deployment = deploy()
    deployment.add_node()
    deployment.add_nginx()
    certificate = Certificate(tmp_path / "certificate.pem", tmp_path / "key.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", certificate.key, "-out", certificate.certificate],
        check=True, capture_output=True,
    )
    other = Simulator(
        deployment.processes,
        deployment.programs,
        folder(deployment, "tls"),
        deployment.logs / "tls.log",
        certificates=[certificate],
    )
    model = add_model(deployment)
    first = add_route(deployment, model, region=other.tls_base_url(0))
    second = add_route(deployment, model, priority=2)
    turn = deployment.client().start(model=model).read()
    assert (turn.state, turn.text) == ("done", text(deployment, second))
    assert attempts(deployment, turn)[0] == ("upstream_unreachable", None)
    assert other.requests(first.provider_model) == []


@pytest.mark.parametrize("scenario", ["fault=reset;after=8;rate=100", "fault=error;after=8;rate=100"])
def test_content_that_was_seen_is_never_taken_back(site, scenario):
    model, (first, second) = routed(site, scenario, "rate=0")
    turn = site.client().start(model=model).read()
    assert turn.state == "error" and turn.text
    assert text(site, first).startswith(turn.text)
    assert asked(site, second) == []


@pytest.mark.parametrize("scenario", ["fault=reset;after=4;rate=100;reasoning=20"])
def test_reasoning_that_is_shown_is_content(site, scenario):
    model, (_, second) = routed(site, scenario, "rate=0", reasoning="full")
    turn = site.client().start(model=model).read()
    assert turn.state == "error"
    assert asked(site, second) == []


def test_progress_of_a_route_that_failed_ends_before_the_next_begins(site):
    model, (_, second) = routed(site, "reasoning=20;fault=reset;after=10;rate=0", "rate=0", reasoning="progress")
    turn = site.client().start(model=model).read()
    assert (turn.state, turn.text) == ("done", text(site, second))
    assert [one["status"] for one in turn.events if one["type"] == "progress"] == ["running", "done"]


def test_what_is_wrong_with_the_message_is_wrong_everywhere(site):
    model, (_, second) = routed(site, "fault=status;status=400", "rate=0")
    turn = site.client().start(model=model).read()
    assert (turn.state, turn.end["error"]["code"]) == ("error", "upstream_refused")
    assert asked(site, second) == []


def test_when_all_fail_the_last_one_is_told(site):
    model, routes = routed(site, "fault=status;status=500", "fault=status;status=503;retry=none", "fault=status;status=401")
    turn = site.client().start(model=model).read()
    assert (turn.state, turn.end["error"]["code"]) == ("error", "upstream_unauthorized")
    assert [code for code, _ in attempts(site, turn)] == [
        "upstream_error", "upstream_overloaded", "upstream_unauthorized",
    ]
    assert [len(asked(site, route)) for route in routes] == [1, 1, 1]


def test_the_provider_says_when_it_is_asked_again(site):
    begun = []

    def answer(connection, body):
        begun.append(time.monotonic())
        if len(begun) == 1:
            connection.sendall(b"HTTP/1.1 429 Slow\r\nRetry-After: 1\r\nContent-Length: 2\r\n\r\n{}")
        else:
            connection.sendall(STREAM + delta("Now.", "stop") + event("[DONE]"))
        connection.shutdown(socket.SHUT_WR)

    provider = ScriptedProvider(answer)
    model = add_model(site)
    add_route(site, model, region=provider.url)
    turn = site.client().start(model=model).read()
    assert (turn.state, turn.text) == ("done", "Now.")
    assert len(begun) == 2
    assert begun[1] - begun[0] >= 1
    assert attempts(site, turn) == [("upstream_rate_limited", 429), (None, None)]


@pytest.mark.parametrize(("retry", "budget"), [(30, 10_000), (1, 0)])
def test_no_longer_than_the_budget(site, retry, budget):
    model, (route,) = routed(site, f"fault=status;status=503;retry={retry}", retry_budget_ms=budget)
    turn = site.client().start(model=model).read()
    assert (turn.state, turn.end["error"]["code"]) == ("error", "upstream_overloaded")
    assert len(asked(site, route)) == 1


@pytest.mark.parametrize("value", ["9223372036854775807", "99999999999999999999", "-1", "soon"])
def test_whatever_a_provider_asks_for(site, value):
    def answer(connection, body):
        connection.sendall(f"HTTP/1.1 503 No\r\nRetry-After: {value}\r\nContent-Length: 2\r\n\r\n{{}}".encode())
        connection.shutdown(socket.SHUT_WR)

    model = add_model(site)
    add_route(site, model, region=ScriptedProvider(answer).url)
    second = add_route(site, model, priority=2)
    turn = site.client().start(model=model).read()
    assert (turn.state, turn.text) == ("done", text(site, second))


def test_usage_is_of_the_route_that_answered(site):
    def answer(connection, body):
        usage = {"prompt_tokens": 4711, "completion_tokens": 4711}
        connection.sendall(STREAM + event({"choices": [], "usage": usage}))
        connection.shutdown(socket.SHUT_WR)

    def other(connection, body):
        connection.sendall(STREAM + delta("Whole.", "stop") + event("[DONE]"))
        connection.shutdown(socket.SHUT_WR)

    model = add_model(site)
    add_route(site, model, region=ScriptedProvider(answer).url)
    add_route(site, model, region=ScriptedProvider(other).url, priority=2)
    turn = site.client().start(model=model).read()
    assert (turn.state, turn.text) == ("done", "Whole.")
    usage = turn.end["usage"]
    assert usage["estimated"] and usage["output_tokens"] == 2, "what the other one said counts no more"


def test_a_turn_that_waits_can_be_cancelled(site):
    model, (route,) = routed(site, "fault=status;status=503;retry=8")
    turn = site.client().start(model=model)
    wait_until(lambda: asked(site, route), "the provider to be asked", 5)
    turn.cancel()
    assert turn.read().state == "cancelled"
    assert len(asked(site, route)) == 1


def test_turns_are_shared_by_weight(site):
    model = add_model(site)
    routes = [add_route(site, model, "rate=0;tokens=1", weight=weight) for weight in (5, 3, 2)]

    def turns(_):
        client = site.client()
        return [client.ask(model=model)["state"] for _ in range(125)]

    with ThreadPoolExecutor(8) as pool:
        states = Counter(state for states in pool.map(turns, range(8)) for state in states)
    assert states == {"done": 1_000}
    rows = site.sql.execute(
        "select route_id, count(*) as turns from turn where model_name = %s group by route_id", [model]
    ).fetchall()
    shares = {row["route_id"]: row["turns"] for row in rows}
    for route, share in zip(routes, (500, 300, 200), strict=True):
        assert abs(shares[route.id] - share) <= 0.05 * share


def test_a_route_is_full_when_its_limit_is_reached(site):
    model = add_model(site)
    first = add_route(site, model, "rate=20;tokens=100000", concurrency_limit=2)
    second = add_route(site, model, "rate=20;tokens=100000", priority=2)
    client = site.client()
    turns = [client.start(model=model) for _ in range(5)]
    for turn in turns:
        turn.poll(wait=5_000)
    assert site.simulator.most_streams(first.provider_model) == 2
    assert site.simulator.most_streams(second.provider_model) == 3
    for turn in turns:
        turn.cancel()
        assert turn.read().state == "cancelled"
    # The places are free again.
    wait_until(lambda: site.simulator.open_streams(first.provider_model) == 0, "the streams to end", 10)
    again = client.start(model=model)
    again.poll(wait=5_000)
    wait_until(lambda: len(asked(site, first)) == 3, "the first route to be taken", 5)
    again.cancel()


def test_a_failing_route_is_left_out_and_taken_again(deploy):
    deployment = deploy()
    deployment.add_node(loops="1")
    deployment.add_nginx()
    simulator = Simulator(
        deployment.processes, deployment.programs, folder(deployment, "other"), deployment.logs / "other.log"
    )
    broken = threading.Event()
    broken.set()

    def answer(connection, body):
        if broken.is_set():
            connection.sendall(b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\n{}")
        else:
            connection.sendall(STREAM + delta("Mended.", "stop") + event("[DONE]"))
        connection.shutdown(socket.SHUT_WR)

    provider = ScriptedProvider(answer)
    model = add_model(deployment)
    first = add_route(deployment, model, region=provider.url)
    second = add_route(deployment, model, "rate=0;tokens=3", simulator=simulator, priority=2)
    client = deployment.client()
    for _ in range(8):
        assert client.ask(model=model)["state"] == "done"
    # Five failures in a row: the others were spared it.
    assert len(provider.connections) == 5

    def status(route) -> dict:
        return deployment.sql.execute("select * from route_status where route_id = %s", [route.id]).fetchone()

    wait_until(lambda: status(first)["state"] == "open", "the state to be written", 15)
    assert status(first)["failures"] == 5 and status(first)["last_error"] == "upstream_error"
    wait_until(lambda: status(second)["latency_ms"] is not None, "the latency to be written", 15)
    assert status(second)["state"] == "closed" and status(second)["nodes"] == 1
    broken.clear()
    wait_until(lambda: client.ask(model=model)["message"]["content"] == "Mended.", "a probe to close it", 20)
    wait_until(lambda: status(first)["state"] == "closed" and status(first)["failures"] == 0, "that to be written", 15)
    assert Scrape.of(deployment.nodes[0])['sluice_upstream_retries_total{kind="elsewhere"}'] >= 5


def folder(deployment, name):
    path = deployment.folder.path / name
    path.mkdir()
    return path


def test_repointing_takes_effect_on_the_next_turn(site):
    model = add_model(site)
    first = add_route(site, model, "rate=40;tokens=80")
    client = site.client()
    turn = client.start("One", model=model)
    turn.poll(wait=5_000)
    site.sql.execute("delete from model_route where id = %s", [first.id])
    second = add_route(site, model, "rate=0;tokens=5", driver="ollama")
    other = client.start("Meanwhile", model=model).read()
    assert (other.state, other.text) == ("done", text(site, second))
    assert turn.read().state == "done"
    assert turn.text == text(site, first)
    later = client.start("Two", model=model, conversation=turn.conversation).read()
    assert (later.state, later.text) == ("done", text(site, second))
    said = [message["content"] for message in asked(site, second)[-1]["body"]["messages"]]
    assert said == ["One", turn.text, "Two"]
