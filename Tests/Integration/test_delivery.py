"""How text is gathered into chunks, and turns that nobody reads."""

import threading

import pytest
from chat_client import Turn
from scrape import Scrape, moves, until
from scripted_provider import STREAM, ScriptedProvider, delta, event
from stack import fastcgi, wait_until

# MARK: chunks


def texts(deployment, turn) -> list[str]:
    """The text of each committed chunk that has any."""
    rows = deployment.sql.execute(
        "select string_agg(event ->> 'text', '' order by ordinal) as text from turn_event"
        " where turn_id = %s and event ->> 'type' = 'text' group by epoch, seq order by epoch, seq",
        [turn.id],
    ).fetchall()
    return [row["text"] for row in rows]


def whole(deployment, model, turn) -> list[str]:
    """The chunks of a turn, which its reader and its message have whole."""
    turn.read()
    assert (turn.state, turn.text) == ("done", deployment.text(model))
    chunks = texts(deployment, turn)
    assert "".join(chunks) == turn.text
    return chunks


@pytest.mark.parametrize("durability", ["commit", "relaxed"])
def test_words_are_chunks_of_whole_words(site, durability):
    model = site.model(
        "rate=400;tokens=300", chunking="words", chunk_bytes=64, chunk_delay_ms=10_000, durability=durability
    )
    chunks = whole(site, model, site.client().start(model=model.name))
    assert len(chunks[0]) < 64 and chunks[0].endswith((" ", "\n"))
    for chunk in chunks[1:-1]:
        assert chunk[-1].isspace() and 16 < len(chunk) < 256, chunk
    assert len(chunks) < 60


def test_sentences_are_chunks_of_whole_sentences(site):
    model = site.model("rate=400;tokens=300", chunking="sentences", chunk_bytes=100, chunk_delay_ms=10_000)
    chunks = whole(site, model, site.client().start(model=model.name))
    for chunk in chunks[:-1]:
        if len(chunk.encode()) < 300:
            assert chunk.rstrip("\"'”’)]*_`")[-1] in ".!?…\n", chunk
    assert 3 < len(chunks) < 40


@pytest.mark.parametrize("text", ["nasty", "prose"])
@pytest.mark.parametrize("stream", [True, False])
def test_however_the_text_comes_it_comes_whole(site, text, stream):
    model = site.model(
        f"rate=0;tokens=400;text={text}", chunking="interval", chunk_bytes=200, chunk_delay_ms=20, stream=stream
    )
    client = site.client()
    chunks = whole(site, model, client.start(model=model.name))
    assert all(len(chunk.encode()) < 1600 for chunk in chunks)
    assert client.ask(model=model.name)["message"]["content"] == site.text(model)


def test_a_surface_gathers_as_it_says_itself(deployment):
    deployment.sql.execute("update surface set chunking = 'sentences', chunk_delay_ms = 10000 where name = 'web'")
    model = deployment.model("rate=0;tokens=300", chunk_bytes=4096)
    chunks = whole(deployment, model, deployment.client().start(model=model.name))
    assert len(chunks) < 8


def test_text_waits_for_its_delay_at_most_and_an_end_takes_it_along(site):
    go_on = threading.Event()

    def answer(connection, _):
        connection.sendall(STREAM + delta("Half a wor"))
        go_on.wait(60)
        connection.sendall(delta("d, held") + delta("", "stop") + event("[DONE]"))
        connection.close()

    provider = ScriptedProvider(answer)
    model = site.model(chunking="words", chunk_bytes=4096, chunk_delay_ms=50, route={"region": provider.url})
    turn = site.client().start(model=model.name).read_some(len("Half a wor"))
    assert texts(site, turn) == ["Half a ", "wor"]
    go_on.set()
    turn.read()
    assert (turn.state, turn.text) == ("done", "Half a word, held")


def test_progress_comes_behind_the_text_before_it(site):
    model = site.model("rate=0;tokens=20;reasoning=10", reasoning="full", chunking="sentences", chunk_bytes=4096)
    turn = site.client().start(model=model.name).read()
    types = [e["type"] for e in site.events(turn.id)]
    assert types.index("text") > types.index("reasoning")
    assert turn.text == site.text(model)


def test_a_cancelled_turn_keeps_what_it_held(site):
    said = threading.Event()

    def answer(connection, _):
        connection.sendall(STREAM + delta("One. Two") + delta(" and"))
        said.wait(60)

    provider = ScriptedProvider(answer)
    model = site.model(chunking="sentences", chunk_bytes=4096, chunk_delay_ms=10_000, route={"region": provider.url})
    turn = site.client().start(model=model.name).read_some(4)
    turn.cancel()
    turn.read()
    said.set()
    assert turn.state == "cancelled"
    assert turn.text in ("One. Two", "One. Two and")
    assert site.sql.execute("select parts from message where id = %s", [turn.end["message"]["id"]]).fetchone()[
        "parts"
    ] == [{"type": "text", "text": turn.text}]


# MARK: the pace


def test_what_a_reader_takes_by_itself_is_left_out_of_what_it_is_told(site):
    turn = site.client().start(model=site.model("rate=100;tokens=5000").name).read_some()
    pace = 40

    def is_told_less() -> bool:
        reply = turn.poll(wait=0)
        return reply is not None and 0 < reply["poll_after_ms"] < pace

    wait_until(is_told_less, "the reader's rhythm to be known")
    turn.cancel()


# MARK: turns that nobody reads

ENDLESS = "rate=20;tokens=20000"


def state(deployment, turn) -> str:
    return deployment.turn(turn.id)["state"]


@moves("sluice_bound_hits_total")
def test_a_turn_that_nobody_reads_is_cancelled_and_one_that_is_read_goes_on(deploy):
    deployment = deploy()
    node = deployment.add_node()
    deployment.add_nginx()
    model = deployment.model(ENDLESS, abandon_after_ms=1000)
    lasting = deployment.model(ENDLESS)
    client = deployment.client()
    before = Scrape.of(node)
    read, kept = client.start(model=model.name), client.start(model=lasting.name)
    for _ in range(2):
        unread = client.start(model=model.name)
        read.read(until=lambda _: state(deployment, unread) == "cancelled")
    assert (state(deployment, read), state(deployment, kept)) == ("streaming", "streaming")
    row = deployment.turn(unread.id)
    assert row["cancel_requested_at"] and not row["error"]
    # Who comes late finds the text so far.
    assert unread.read().state == "cancelled" and unread.text
    wait_until(lambda: state(deployment, read) == "cancelled", "the reader's going to be seen")
    hits = 'sluice_bound_hits_total{bound="turn_unread"}'
    until(node, lambda now: now[hits] == before[hits] + 3, "three turns to be counted")
    kept.cancel()


def test_who_waits_for_the_whole_answer_reads_it(site):
    model = site.model("rate=20;tokens=120", abandon_after_ms=1000)
    assert site.client().ask(model=model.name)["state"] == "done"


def test_a_reader_on_another_node_is_a_reader(deploy):
    deployment = deploy()
    owner, other = deployment.add_node(), deployment.add_node()
    front, back = deployment.add_nginx(owner.addresses), deployment.add_nginx(other.addresses)
    model = deployment.model(ENDLESS, abandon_after_ms=1000)
    client = deployment.client(front)
    started = client.start(model=model.name)
    read = Turn(deployment.client(back), started.started)
    for _ in range(3):
        unread = client.start(model=model.name)
        read.read(until=lambda _: state(deployment, unread) == "cancelled")
        assert deployment.turn(unread.id)["read_at"] is None
    row = deployment.turn(read.id)
    assert row["state"] == "streaming" and row["read_at"]
    # It leaves, and nobody comes.
    wait_until(lambda: state(deployment, read) == "cancelled", "the reader's going to be seen", 60)
    assert read.read().state == "cancelled"


def test_a_stream_whose_reader_takes_nothing_for_a_while_is_read_all_the_same(deploy):
    """Its output is stuck, so it waits for no news; it was opened long before."""
    deployment = deploy()
    node = deployment.add_node()
    deployment.add_nginx()
    model = deployment.model("rate=20000;tokens=100000;text=prose", abandon_after_ms=1000)
    slow = deployment.model("rate=50;tokens=600", abandon_after_ms=1000)
    for one in (model, slow):
        turn = deployment.client().start(model=one.name)
        with fastcgi.connect(node.addresses[0], 60) as peer:
            peer.sendall(fastcgi.get(f"/chat/{turn.id}/events", variables={"HTTP_AUTHORIZATION": f"Bearer {turn.token}"}))
            wait_until(lambda: state(deployment, turn) != "streaming", "the turn to end", 60)
        assert state(deployment, turn) == "done"


def state(deployment, turn) -> str:
    return deployment.sql.execute("select state from turn where id = %s", [turn.id]).fetchone()["state"]
