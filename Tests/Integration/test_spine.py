"""A message in, an answer out: streamed by polls, classic, and everything around them."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from chat_client import ChatClient, Turn, new_key
from stack import free_port, wait_until


@pytest.mark.parametrize("scenario", ["rate=0", "rate=200;tokens=60", "text=nasty;rate=0", "text=nasty;split=1;rate=0"])
def test_polls_deliver_every_byte_of_the_answer(site, scenario):
    model = site.model(scenario)
    turn = site.client().start(model=model.name).read()
    assert turn.text == site.text(model)
    assert turn.state == "done"
    assert turn.end["finish_reason"] == "stop"
    assert turn.end["usage"]["output_tokens"] > 0
    assert turn.end["message"]["id"]


@pytest.mark.parametrize("scenario", ["rate=0", "text=nasty;split=3;rate=0", "rate=200;tokens=40"])
def test_without_declared_streaming_the_whole_answer_comes_at_once(site, scenario):
    model = site.model(scenario)
    answer = site.client().ask(model=model.name)
    assert answer["state"] == "done"
    assert answer["message"]["role"] == "assistant"
    assert answer["message"]["content"] == site.text(model)
    assert answer["finish_reason"] == "stop"


def test_both_forms_leave_the_same_rows(site):
    model = site.model("rate=0;tokens=20")
    client = site.client()
    streamed = client.start("Hi", model=model.name).read()
    classic = client.ask("Hi", model=model.name)

    def rows(conversation):
        query = "select role, parts from message where conversation_id = %s order by id"
        return site.sql.execute(query, [conversation]).fetchall()

    assert rows(streamed.conversation) == rows(classic["conversation"])
    for turn in (streamed.id, classic["turn"]):
        row = site.turn(turn)
        assert (row["state"], row["finish_reason"]) == ("done", "stop")
        text = "".join(event["text"] for event in site.events(turn) if event["type"] == "text")
        assert text == site.text(model)


@pytest.mark.parametrize("durability", ["commit", "relaxed"])
def test_the_log_ends_with_one_terminal_chunk(site, durability):
    turn = site.client().start(model=site.model("rate=400", durability=durability).name).read()
    query = "select seq, final from turn_delta where turn_id = %s order by seq"

    def committed():
        rows = site.sql.execute(query, [turn.id]).fetchall()
        return rows if rows and rows[-1]["final"] else None

    rows = wait_until(committed, "the terminal chunk to be committed")
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    assert [row["final"] for row in rows].count(True) == 1
    assert site.turn(turn.id)["chunks"] == len(rows)


def test_the_text_grows_while_the_model_writes(site):
    turn = site.client().start(model=site.model("rate=40;tokens=40").name)
    lengths = []
    turn.read(until=lambda turn: lengths.append(len(turn.text)))
    assert len(set(lengths)) >= 3


def test_many_turns_at_once_do_not_mix(site):
    models = [site.model(f"rate={rate};tokens=150;seed={seed}") for seed, rate in enumerate([0, 100, 300, 1000])]
    client = site.client()

    def read(model):
        turn = ChatClient(site.nginx.url)
        turn.token = client.token
        return turn.start(model=model.name).read()

    with ThreadPoolExecutor(16) as readers:
        turns = list(readers.map(read, models * 20))
    for model, turn in zip(models * 20, turns):
        assert turn.state == "done"
        assert turn.text == site.text(model)


def test_any_number_of_readers_costs_one_upstream_request(site):
    model = site.model("rate=100;tokens=50")
    first = site.client().start(model=model.name)
    # A session is the visitor's: connections are each thread's own.
    readers = [Turn(ChatClient(first.client.url), first.started) for _ in range(6)]
    threads = [threading.Thread(target=reader.read) for reader in readers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {reader.text for reader in readers} == {site.text(model)}
    assert len(site.upstream(model)) == 1


def test_a_poll_at_the_end_repeats_how_it_ended(site):
    turn = site.client().start(model=site.model().name).read()
    again = turn.get().json()
    assert again["events"] == []
    for field in ("state", "cursor", "finish_reason", "usage", "message"):
        assert again[field] == turn.end[field]


def test_a_finished_turn_is_read_again_from_any_cursor(site):
    model = site.model("tokens=2000;rate=0")
    turn = site.client().start(model=model.name).read()
    assert turn.another_reader().read().text == turn.text == site.text(model)


def test_a_conversation_sends_its_history(site):
    model = site.model("rate=0;tokens=5", system_prompt="Be brief.", parameters=json.dumps({"temperature": 0.5}))
    client = site.client()
    first = client.start("One", model=model.name).read()
    second = client.start("Two", model=model.name, conversation=first.conversation).read()
    assert second.state == "done"
    body = site.upstream(model)[1]["body"]
    messages = [(message["role"], message["content"]) for message in body["messages"]]
    assert messages == [("system", "Be brief."), ("user", "One"), ("assistant", first.text), ("user", "Two")]
    assert body["temperature"] == 0.5
    assert body["stream"] is True


def test_a_history_past_its_limit_loses_the_oldest_turns(site):
    model = site.model("rate=0;tokens=5", history_limit=3)
    client = site.client()
    conversation = client.start("0", model=model.name).read().conversation
    for message in ("1", "2"):
        client.start(message, model=model.name, conversation=conversation).read()
    messages = site.upstream(model)[2]["body"]["messages"]
    assert [message["content"] for message in messages if message["role"] == "user"] == ["1", "2"]


def test_a_repeated_start_is_one_turn(site):
    model = site.model("rate=100;tokens=30")
    client, key = site.client(), new_key()
    first = client.start("Hi", model=model.name, key=key)
    again = client.start("Hi", model=model.name, key=key)
    assert again.id == first.id
    assert again.cursor == "1.0"
    classic = client.post_start({"message": "Hi", "model": model.name}, key=key)
    assert classic.status_code == 200
    assert classic.json()["turn"] == first.id
    assert classic.json()["message"]["content"] == first.read().text == again.read().text
    assert len(site.upstream(model)) == 1


def test_a_start_repeated_in_its_conversation_is_one_turn(site):
    model = site.model("rate=20;tokens=40")
    client, key = site.client(), new_key()
    before = client.start("Hi", model=site.model("rate=0;tokens=3").name).read()
    body = {"model": model.name, "conversation": before.conversation}
    first = client.start("Go on", key=key, **body)
    # While it lives the conversation is busy, with the very turn that the key stands for; afterwards it is free.
    assert client.start("Go on", key=key, **body).id == first.id
    first.read()
    assert client.start("Go on", key=key, **body).id == first.id
    assert len(site.upstream(model)) == 1


def test_repeated_starts_at_the_same_time_are_one_turn(site):
    model = site.model("rate=200;tokens=20")
    visitor, key = site.client(), new_key()
    turns = []

    def start():
        client = ChatClient(visitor.url)
        client.token = visitor.token
        turns.append(client.start("Hi", model=model.name, key=key).read())

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(turns) == 6
    assert len({turn.id for turn in turns}) == 1
    assert len(site.upstream(model)) == 1


def test_a_key_used_for_another_message_is_refused(site):
    model = site.model()
    client, key = site.client(), new_key()
    client.start("Hi", model=model.name, key=key).read()
    assert client.post_start({"message": "Ho", "model": model.name}, key=key).status_code == 422


def test_a_conversation_has_one_live_turn(site):
    model = site.model("rate=20;tokens=400")
    client = site.client()
    live = client.start(model=model.name)
    body = {"message": "Again", "model": model.name, "conversation": live.conversation, "stream": {"modes": ["poll"]}}
    refused = client.post_start(body)
    assert refused.status_code == 409
    answer = refused.json()
    assert answer["error"]["code"] == "turn_in_progress"
    assert live.id in json.dumps(answer)
    live.cancel()
    live.read()
    assert client.post_start(body).status_code == 202


def test_cancel_closes_the_upstream_within_a_second(site):
    model = site.model("rate=20;tokens=2000")
    turn = site.client().start(model=model.name).read_some(20)
    asked = time.time()
    assert turn.cancel().status_code in (200, 202)
    turn.read()
    assert turn.state == "cancelled"
    [request] = wait_until(
        lambda: [r for r in site.upstream(model) if r["end"]], "the simulator to see the connection close"
    )
    assert request["end"] == "client_closed"
    assert request["endedMs"] - asked * 1000 < 1000
    assert request["text"].startswith(turn.text)
    # Safe to ask twice: the answer is the end.
    again = turn.cancel()
    assert again.status_code == 200
    assert again.json()["state"] == "cancelled"


def test_cancel_before_the_first_byte(site):
    model = site.model("fault=stallheaders")
    turn = site.client().start(model=model.name)
    wait_until(lambda: site.upstream(model), "the request to reach the provider")
    turn.cancel()
    assert turn.read().state == "cancelled"
    wait_until(lambda: site.upstream(model)[0]["end"] == "client_closed", "the upstream to be closed", 5)


def test_a_reader_that_vanishes_does_not_cancel(site):
    model = site.model("rate=100;tokens=30")
    turn = site.client().start(model=model.name)
    wait_until(lambda: site.turn(turn.id)["state"] == "done", "the turn to end by itself")
    assert turn.read().text == site.text(model)


def test_by_tcp_as_by_unix_socket(deploy):
    deployment = deploy()
    port = free_port()
    node = deployment.add_node(listen=f"unix:{deployment.folder.path}/n.sock,127.0.0.1:{port}")
    model = deployment.model("text=nasty;rate=0")
    for address in node.addresses:
        client = deployment.client(deployment.add_nginx([address]))
        assert client.start(model=model.name).read().text == deployment.text(model)


def test_another_node_serves_a_live_turn(deploy):
    deployment = deploy()
    owner, other = deployment.add_node(), deployment.add_node()
    here, there = (deployment.add_nginx(node.addresses) for node in (owner, other))
    model = deployment.model("rate=60;tokens=60")
    turn = deployment.client(here).start(model=model.name)
    away = Turn(ChatClient(there.url), turn.started)
    lengths = []
    away.read(until=lambda turn: lengths.append(len(turn.text)))
    assert away.text == turn.read().text == deployment.text(model)
    assert len(set(lengths)) >= 3, "it came in one piece"


def test_cancel_by_way_of_another_node(deploy):
    deployment = deploy()
    owner, other = deployment.add_node(), deployment.add_node()
    here, there = (deployment.add_nginx(node.addresses) for node in (owner, other))
    turn = deployment.client(here).start(model=deployment.model("rate=20;tokens=2000").name).read_some()
    Turn(ChatClient(there.url), turn.started).cancel()
    assert turn.read().state == "cancelled"


def test_below_another_path(site):
    # As the snippet's comment says.
    client = site.client()
    client.url += "/below/another"
    model = site.model()
    assert client.start(model=model.name).read().text == site.text(model)
