"""Streams of a turn's events: the same chunks and cursors as polls, as they come."""

import json
import time

import pytest
from chat_client import TERMINAL
from deployment import Deployment
from scrape import Scrape
from stack import fastcgi, wait_until
from stream_client import EVENTS, LINES, Stream, apply, open_stream, read

FORMS = pytest.mark.parametrize("accept", [EVENTS, LINES], ids=["events", "lines"])


@FORMS
def test_a_stream_has_what_polls_have(site: Deployment, accept: str):
    model = site.model("rate=200;tokens=60;text=prose")
    turn = site.client().start(model=model.name)
    streamed = read(turn.another_reader(), accept=accept)
    polled = turn.read()
    assert streamed.text == polled.text == site.text(model)
    assert streamed.cursor == polled.cursor
    assert streamed.end["state"] == "done" and streamed.end["finish_reason"] == "stop"
    assert streamed.end["usage"] == polled.end["usage"] and streamed.end["message"] == polled.end["message"]
    assert [e["type"] for e in streamed.events if e["type"] != "text"] == ["usage", "end"]


@FORMS
def test_it_comes_as_it_arrives(site: Deployment, accept: str):
    """The first chunk is there while the provider still waits for its cue."""
    model = site.model("rate=0;tokens=10;fault=stall;after=4")
    turn = site.client().start(model=model.name)
    with open_stream(turn, accept=accept) as stream:
        assert stream.status == 200 and stream.headers["Content-Type"].startswith(accept)
        assert stream.headers["Cache-Control"] == "no-store"
        for message in stream:
            apply(turn, message)
            if turn.text:
                break
        turn.cancel()
        for message in stream:
            apply(turn, message)
    assert turn.state == "cancelled" and turn.text


@FORMS
def test_each_message_is_a_chunk_and_its_cursor_goes_on_anywhere(site: Deployment, accept: str):
    model = site.model("rate=300;tokens=40;text=prose")
    turn = site.client().start(model=model.name)
    with open_stream(turn, accept=accept) as stream:
        messages = list(stream)
    assert [m.id for m in messages] == [f"1.{n}" for n in range(1, len(messages) + 1)]
    assert [m.event for m in messages] == ["chunk"] * (len(messages) - 1) + ["end"]
    for place in (0, len(messages) // 2, len(messages) - 2):
        reader = turn.another_reader()
        for message in messages[: place + 1]:
            apply(reader, message)
        # One way or the other.
        reader = reader.read() if place % 2 else read(reader, accept=accept)
        assert reader.text == site.text(model) and reader.resets == 0


def test_the_last_event_id_wins_over_the_cursor(site: Deployment):
    model = site.model("rate=0;tokens=8")
    turn = site.client().start(model=model.name).read()
    last = int(turn.cursor.split(".")[1])
    with open_stream(turn, cursor="1.0", Last_Event_ID=f"1.{last - 1}") as stream:
        assert [(m.id, m.event) for m in stream] == [(turn.cursor, "end")]


@pytest.mark.parametrize("age", ["in memory", "stored"])
@FORMS
def test_who_has_read_all_is_told_to_stay_away(site: Deployment, accept: str, age: str):
    turn = site.client().start(model=site.model("rate=0;tokens=3").name).read()
    if age == "stored":
        forget(site, turn)
    with open_stream(turn, accept=accept) as stream:
        assert (stream.status, stream.text) == (204, "")


def forget(site: Deployment, turn) -> None:
    """Waits until the turn has left the node's memory, where a poll finds it no longer without the database."""
    wait_until(
        lambda: site.sql.execute("select ended_at < now() - interval '7 s' as old from turn where id = %s", [turn.id])
        .fetchone()["old"],
        "the turn to leave the memory",
        30,
        site.logs,
    )


@FORMS
def test_a_turn_that_has_ended_is_replayed_from_its_rows(site: Deployment, accept: str):
    """Many pages of them."""
    model = site.model("rate=3000;tokens=12000;text=prose")
    turn = site.client().start(model=model.name).read()
    forget(site, turn)
    replayed = read(turn.another_reader(), accept=accept)
    assert replayed.text == turn.text == site.text(model)
    assert replayed.cursor == turn.cursor and replayed.end["usage"] == turn.end["usage"]
    assert replayed.end["message"] == turn.end["message"]


@pytest.mark.parametrize("age", ["in memory", "stored"])
@FORMS
def test_a_cursor_of_no_turn_starts_over(site: Deployment, accept: str, age: str):
    model = site.model("rate=0;tokens=5")
    turn = site.client().start(model=model.name).read()
    if age == "stored":
        forget(site, turn)
    reader = turn.another_reader()
    reader.cursor, reader.text = "1.999", "what never was"
    read(reader, accept=accept)
    assert reader.resets == 1 and reader.text == site.text(model)


@FORMS
def test_a_compacted_turn_is_told_in_one_piece(site: Deployment, accept: str):
    model = site.model("rate=0;tokens=50;text=prose")
    turn = site.client().start(model=model.name).read()
    forget(site, turn)
    site.sql.execute("delete from turn_delta where turn_id = %s", [turn.id])
    reader = turn.another_reader()
    with open_stream(reader, accept=accept) as stream:
        for message in stream:
            apply(reader, message)
    if reader.end is None:
        # Its rows went between two looks: it comes again, and polls tell the same.
        reader.read()
    assert reader.text == turn.text and reader.state == "done"


@FORMS
def test_a_start_may_be_the_stream_itself(site: Deployment, accept: str):
    model = site.model("rate=300;tokens=30;text=prose")
    client = site.client()
    body = {"message": "Hello", "model": model.name}
    with Stream(client.url, "/chat/start", accept=accept, token=client.token, method="POST", body=body) as stream:
        assert stream.status == 200, stream.text
        messages = list(stream)
    started, *rest = messages
    assert started.event == "start" and started.data["state"] == "streaming"
    assert set(started.data["links"]) == {"poll", "events", "cancel"}
    text = "".join(e["text"] for m in rest for e in m.data.get("events", []) if e["type"] == "text")
    assert text == site.text(model)
    assert rest[-1].event == "end" and rest[-1].data["state"] == "done"


@FORMS
def test_a_repeated_start_streams_the_same_turn(site: Deployment, accept: str):
    model = site.model("rate=0;tokens=20")
    client = site.client()
    body = {"message": "Hello", "model": model.name}

    def start():
        with Stream(
            client.url, "/chat/start", accept=accept, token=client.token, method="POST", body=body,
            Idempotency_Key="the same",
        ) as stream:
            return list(stream)

    first = start()
    again = start()
    site.sql.execute("update turn set ended_at = now() - interval '1 min' where id = %s", [first[0].data["turn"]])
    assert first[0].data["turn"] == again[0].data["turn"]
    assert [m.data for m in first[1:]] == [m.data for m in again[1:]]
    assert client.post_start({**body, "stream": {"modes": ["sse"]}}, key="the same").status_code == 202
    assert client.post_start(body, key="the same").json()["message"]["content"] == site.text(model)


def test_wildcards_are_no_declaration(site: Deployment):
    client = site.client()
    body = {"message": "Hello", "model": site.model("rate=0;tokens=2").name}
    for accept in ("*/*", "application/json, text/*;q=0.1", "text/event-stream;q=0"):
        reply = client.request("POST", "/chat/start", json=body, headers={"Accept": accept})
        assert reply.status_code == 200 and reply.json()["state"] == "done"


def test_access_is_that_of_polls(site: Deployment):
    turn = site.client().start(model=site.model("rate=0;tokens=2").name)
    stranger = site.client()
    path = f"/chat/{turn.id}/events"
    cases = {
        401: [{}, {"token": "v1.dev.AAAA.BBBB"}],
        404: [{"token": stranger.token}],
        200: [{"token": turn.token}, {"token": turn.client.token}],
    }
    for status, all_options in cases.items():
        for options in all_options:
            with Stream(turn.client.url, path, **options) as stream:
                assert stream.status == status, (options, stream.text)
    with Stream(turn.client.url, f"{path}?token={turn.started['read_token']}") as stream:
        assert stream.status == 200
    with Stream(turn.client.url, f"{path}?token={turn.token}") as stream:
        assert stream.status == 401
    with Stream(turn.client.url, f"{path}?cursor=seven", token=turn.token) as stream:
        assert stream.status == 400 and json.loads(stream.text)["error"]["code"] == "bad_cursor"


def test_other_origins_read_streams_if_they_may(site: Deployment):
    client = site.client()
    client.open_session("shop")
    turn = client.start(model=site.model("rate=0;tokens=2").name)
    query = f"/chat/{turn.id}/events?token={turn.started['read_token']}"
    with Stream(client.url, query, Origin="https://shop.example") as stream:
        assert stream.status == 200
        assert stream.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    with Stream(client.url, query, Origin="https://evil.example") as stream:
        assert stream.status == 403


def test_over_the_limits_a_client_polls(deployment: Deployment):
    """Of the node and of the identity: 503, and the turn is there for polls."""
    node, = deployment.nodes
    model = deployment.model("rate=0;tokens=4;fault=stall;after=3")
    turn = deployment.client().start(model=model.name)
    before = Scrape.of(node)
    readers = [turn.another_reader() for _ in range(17)]
    streams = [open_stream(reader) for reader in readers[:16]]
    try:
        assert {s.status for s in streams} == {200}
        assert Scrape.of(node)["sluice_streams"] == 16
        with open_stream(readers[16]) as refused:
            assert refused.status == 503 and refused.headers["Retry-After"]
            assert json.loads(refused.text)["error"]["code"] == "too_many_streams"
        turn.read_some()
        body = {"message": "Hello", "model": model.name}
        count = deployment.sql.execute("select count(*) as n from turn").fetchone()["n"]
        with Stream(turn.client.url, "/chat/start", token=turn.client.token, method="POST", body=body) as refused:
            assert refused.status == 503
        assert deployment.sql.execute("select count(*) as n from turn").fetchone()["n"] == count, "no turn was begun"
    finally:
        for stream in streams:
            stream.close()
    wait_until(lambda: Scrape.of(node)["sluice_streams"] == 0, "the streams to end", 20, node.log)
    with open_stream(turn) as stream:
        assert stream.status == 200
    after = Scrape.of(node)
    hits = 'sluice_bound_hits_total{bound="identity_streams"}'
    assert after[hits] - before[hits] == 2
    assert after['sluice_streams_ended_total{outcome="gone"}'] >= 16


def test_the_node_has_a_limit_too(deploy):
    deployment = deploy()
    node = deployment.add_node(stream_limit="2")
    deployment.add_nginx()
    turns = [deployment.client().start(model=deployment.model("rate=0;tokens=4;fault=stall;after=3").name) for _ in range(3)]
    first, second = open_stream(turns[0]), open_stream(turns[1])
    try:
        with open_stream(turns[2]) as refused:
            assert refused.status == 503
        assert Scrape.of(node)['sluice_bound_hits_total{bound="streams"}'] == 1
    finally:
        first.close()
        second.close()


def test_who_reads_nothing_is_dropped_and_delays_nobody(deploy):
    """A reader that takes nothing of a long answer costs what one piece takes, then its connection."""
    deployment = deploy()
    node = deployment.add_node(reply_timeout="1s")
    deployment.add_nginx()
    model = deployment.model("rate=20000;tokens=200000;text=prose")
    turn = deployment.client().start(model=model.name)
    # Straight to the node's door: between them nginx and the kernel would take megabytes.
    variables = {"HTTP_AUTHORIZATION": f"Bearer {turn.token}"}
    lazy = fastcgi.connect(node.addresses[0], 60)
    lazy.sendall(fastcgi.get(f"/chat/{turn.id}/events", variables=variables))
    diligent = turn.another_reader()
    wait_until(
        lambda: Scrape.of(node)["sluice_connections_stalled_total"] == 1, "the reader to be dropped", 60, node.log
    )
    read(diligent)
    assert diligent.text == deployment.text(model) and diligent.resets == 0
    lazy.close()
    # What it has it has for good, and goes on.
    resumed = turn.another_reader()
    assert read(resumed).text == diligent.text


def test_a_silent_stream_gives_signs_of_life(site: Deployment):
    turn = site.client().start(model=site.model("rate=0;tokens=4;fault=stall;after=2").name)
    with open_stream(turn) as events, open_stream(turn, accept=LINES) as lines:
        deadline = time.monotonic() + 25
        for stream, sign in ((events, ": ping"), (lines, '"events":[]')):
            for line in stream.lines():
                assert time.monotonic() < deadline
                if sign in line:
                    break
            else:
                raise AssertionError("the stream ended")
    turn.cancel()


def test_a_stream_is_told_when_to_come_again(site: Deployment):
    turn = site.client().start(model=site.model("rate=0;tokens=4").name)
    with open_stream(turn) as stream:
        list(stream)
    assert len(stream.retries) == 1 and 1000 <= stream.retries[0] <= 2000


def test_another_node_streams_it_too(deploy):
    """From committed rows, as polls."""
    deployment = deploy()
    owner, other = deployment.add_node(), deployment.add_node()
    deployment.add_nginx(owner.addresses)
    elsewhere = deployment.add_nginx(other.addresses)
    model = deployment.model("rate=100;tokens=150;text=prose")
    turn = deployment.client().start(model=model.name)
    readers = [read(turn.another_reader(), accept=accept, url=elsewhere.url) for accept in (EVENTS, LINES)]
    assert {reader.text for reader in readers} == {deployment.text(model)}
    assert all(reader.end["state"] in TERMINAL for reader in readers)


def test_a_draining_node_sends_its_readers_to_another(deploy):
    deployment = deploy()
    first, second = deployment.add_node(drain_timeout="20s"), deployment.add_node()
    deployment.add_nginx(first.addresses + second.addresses)
    model = deployment.model("rate=30;tokens=120;text=prose")
    turn = deployment.client().start(model=model.name)
    with open_stream(turn) as stream:
        for message in stream:
            apply(turn, message)
            if len(turn.text) > 20 and not getattr(stream, "asked", False):
                stream.asked = True
                first.drain()
        # Ended without the turn's end, with a word of when to come again.
        assert turn.end is None and stream.retries[-1] <= 200
    assert read(turn).text == deployment.text(model) and turn.resets == 0
    first.wait()
