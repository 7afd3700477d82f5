"""What providers make of server-sent events on real sockets, and what the answer is then."""

import json
import time

import pytest
from scripted_provider import STREAM, ScriptedProvider, delta, event
from stack import wait_until

# The longest line, and the longest event, that is read.
LONGEST = 16 << 20


def answered_by(site, *pieces: bytes, **route):
    """A model whose provider sends these pieces and closes."""

    def answer(connection, _):
        for piece in pieces:
            connection.sendall(piece)
        connection.close()

    return site.model(route={"region": ScriptedProvider(answer).url, **route})


@pytest.mark.parametrize(
    "form",
    ["ends=crlf", "ends=cr", "ends=mixed", "space=0", "comments=1", "azure=1", "gzip=1"]
    + ["ends=mixed;space=0;comments=1;azure=1", "ends=crlf;gzip=1;comments=1"],
)
@pytest.mark.parametrize("cut", ["", ";split=1", ";split=7", ";batch=10"])
def test_every_form_of_a_stream_gives_the_same_text(site, form, cut):
    model = site.model(f"text=nasty;rate=0;{form}{cut}")
    turn = site.client().start(model=model.name).read()
    assert (turn.state, turn.end["finish_reason"]) == ("done", "stop")
    assert turn.text == site.text(model)
    assert turn.end["usage"]["output_tokens"] > 0
    # Comments and chunks without choices leave nothing behind.
    assert {event["type"] for event in turn.events} == {"text", "usage", "end"}


def test_a_stream_that_is_gzipped_arrives_while_it_is_written(site):
    model = site.model("gzip=1;rate=40;tokens=60")
    turn = site.client().start(model=model.name)
    lengths = []
    turn.read(until=lambda turn: lengths.append(len(turn.text)))
    assert turn.text == site.text(model)
    assert len(set(lengths)) >= 3


@pytest.mark.parametrize(
    ("scenario", "code"),
    [
        ("fault=eof;after=0", "upstream_truncated"),
        ("fault=eof", "upstream_truncated"),
        ("fault=cut;after=headers", "upstream_truncated"),
        ("fault=cut;after=0", "upstream_truncated"),
        ("fault=reset;after=headers", "upstream_truncated"),
        ("fault=reset;after=0", "upstream_truncated"),
        ("fault=error;after=headers", "upstream_error"),
        ("fault=error;after=0", "upstream_error"),
        ("fault=error", "upstream_error"),
        ("fault=eof;ends=cr;split=1", "upstream_truncated"),
        ("fault=error;ends=mixed;comments=1", "upstream_error"),
        ("fault=garbage", "upstream_malformed"),
        ("fault=gzip", "upstream_malformed"),
        ("fault=status;status=302", "upstream_error"),
        ("fault=status;status=307", "upstream_error"),
        ("fault=status;status=500;body=html", "upstream_error"),
        ("fault=status;status=500;body=empty", "upstream_error"),
        ("fault=status;status=429;body=html", "upstream_rate_limited"),
    ],
)
def test_a_stream_that_breaks_keeps_what_was_said(site, scenario, code):
    model = site.model(f"rate=100;{scenario}", retry_budget_ms=0)
    turn = site.client().start(model=model.name).read()
    assert (turn.state, turn.end["error"]["code"]) == ("error", code)
    # Without `after` five tokens were there before.
    early = "after" in scenario or "status" in scenario
    assert (turn.text == "") == early
    assert site.text(site.model("rate=0")).startswith(turn.text)
    assert turn.another_reader().read().text == turn.text
    # Nobody is sent anywhere else.
    assert [request["followed"] for request in site.upstream(model)] == [0]


@pytest.mark.parametrize("scenario", ["fault=nodone", "fault=nodone;ends=cr", "fault=nodone;gzip=1"])
def test_an_end_without_its_mark_is_an_end(site, scenario):
    model = site.model(f"rate=0;tokens=20;{scenario}")
    turn = site.client().start(model=model.name).read()
    assert (turn.state, turn.end["finish_reason"], turn.text) == ("done", "stop", site.text(model))


def padded(text: str, length: int) -> bytes:
    """A `data:` line with this text, of so many bytes, its end not counted."""
    chunk = {"choices": [{"index": 0, "delta": {"content": text}}], "padding": ""}
    line = f"data: {json.dumps(chunk)}".encode()
    return line.replace(b'"padding": ""', b'"padding": "%s"' % (b"x" * (length - len(line))))


FINISH = delta("", "stop") + event("[DONE]")


@pytest.mark.parametrize("length", [4096, LONGEST - 1, LONGEST])
def test_a_line_of_sixteen_mebibytes_is_read(site, length):
    model = answered_by(site, STREAM, padded("hello", length), b"\n\n", FINISH)
    turn = site.client().start(model=model.name).read()
    assert (turn.state, turn.text) == ("done", "hello")


@pytest.mark.parametrize("ends", [b"\n\n", b""])
def test_a_longer_line_is_refused(site, ends):
    # Refused as soon as it is too long, whether it ends or not: it is never held.
    model = answered_by(site, STREAM, delta("before"), padded("hello", LONGEST + 1), ends, FINISH if ends else b"")
    turn = site.client().start(model=model.name).read()
    assert (turn.state, turn.text, turn.end["error"]["code"]) == ("error", "before", "upstream_malformed")


def test_an_event_of_many_lines_is_bounded_as_one(site):
    lines = b"data: %s\n" % (b"x" * 65_529)
    model = answered_by(site, STREAM, delta("before"), *[lines] * (LONGEST // 65_529 + 1), b"\n", FINISH)
    turn = site.client().start(model=model.name).read()
    assert (turn.state, turn.text, turn.end["error"]["code"]) == ("error", "before", "upstream_malformed")


def test_a_token_of_mebibytes_is_relayed(site):
    model = site.model(f"rate=0;tokens=5;line={4 << 20}")
    turn = site.client().start(model=model.name).read()
    assert turn.state == "done"
    assert turn.text == site.text(model)


def test_a_token_longer_than_a_log_may_be_ends_its_turn(site):
    model = site.model(f"rate=0;tokens=5;line={LONGEST}")
    turn = site.client().start(model=model.name).read()
    assert (turn.state, turn.end["error"]["code"]) == ("error", "turn_too_long")


@pytest.mark.parametrize(
    "scenario",
    ["fault=stallheaders", "fault=halfhead", "dribble=60000", "gap=60000", "first=60000", "first=60000;beat=100"]
    + ["fault=stall;after=0", "fault=stall;beat=100"],
)
def test_a_cancel_in_any_silence_closes_the_upstream_within_a_second(site, scenario):
    model = site.model(scenario)
    turn = site.client().start(model=model.name)
    wait_until(lambda: site.upstream(model), "the request to reach the provider")
    if scenario == "fault=stall;beat=100":
        turn.read_some()
    asked = time.time() * 1000
    assert turn.cancel().status_code == 202
    assert turn.read().state == "cancelled"
    [request] = wait_until(lambda: [r for r in site.upstream(model) if r["end"]], "the provider to see it")
    assert request["end"] == "client_closed"
    assert request["endedMs"] - asked < 1000


# A limit is not reached early; the provider's clock begins with the request's arrival. A busy machine is late.
LIMIT = 1500
EARLIEST, LATEST = 1.4, 4


def silence(site, model) -> float:
    """How long the provider was waited for, in seconds, by its own clock."""
    [request] = wait_until(lambda: [r for r in site.upstream(model) if r["end"]], "the provider to see it")
    assert request["end"] == "client_closed"
    return (request["endedMs"] - request["startedMs"]) / 1000


@pytest.mark.parametrize("limit", ["idle_timeout_ms", "total_timeout_ms"])
def test_heartbeats_do_not_hide_an_idle_provider(site, limit):
    model = site.model("rate=100;fault=stall;after=5;beat=100", route={limit: LIMIT})
    turn = site.client().start(model=model.name).read()
    assert (turn.state, turn.end["error"]["code"]) == ("error", "upstream_timeout")
    assert turn.text and site.text(site.model("rate=0")).startswith(turn.text)
    assert EARLIEST < silence(site, model) < LATEST


@pytest.mark.parametrize("scenario", ["first=60000", "first=60000;beat=100", "first=60000;comments=1;beat=50"])
def test_a_first_token_that_does_not_come_is_given_up_in_time(site, scenario):
    limits = {"first_byte_timeout_ms": 60_000, "first_token_timeout_ms": LIMIT, "idle_timeout_ms": 60_000}
    model = site.model(scenario, route=limits)
    turn = site.client().start(model=model.name).read()
    assert (turn.state, turn.text, turn.end["error"]["code"]) == ("error", "", "upstream_timeout")
    assert EARLIEST < silence(site, model) < LATEST


@pytest.mark.parametrize("scenario", ["fault=stallheaders", "fault=halfhead", "gap=60000", "dribble=60000"])
def test_headers_that_do_not_come_are_given_up_in_time(site, scenario):
    model = site.model(scenario, route={"first_byte_timeout_ms": LIMIT, "first_token_timeout_ms": 2 * LIMIT})
    turn = site.client().start(model=model.name).read()
    assert (turn.state, turn.end["error"]["code"]) == ("error", "upstream_timeout")
    # A status line that came is a first byte; the first token is waited for then.
    assert EARLIEST < silence(site, model) < 2 * LATEST


def test_a_slow_first_token_may_come_in_its_time(site):
    limits = {"first_byte_timeout_ms": 1000, "first_token_timeout_ms": 20_000, "idle_timeout_ms": 1000}
    model = site.model("first=2500;beat=100;rate=0", route=limits)
    turn = site.client().start(model=model.name).read()
    assert (turn.state, turn.text) == ("done", site.text(model))
