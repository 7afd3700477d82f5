"""What is slow, stuck or lost for a while must not harm what is not."""

import json
import os
import signal
import subprocess
import threading
import time

import psycopg
from scripted_provider import STREAM, LossyDatabase, ScriptedProvider, delta, event
from stack import wait_until


def processes_of(postgres) -> list[int]:
    top = postgres.process.pid
    children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(top)], capture_output=True, text=True)
    return [top, *map(int, children.stdout.split())]


def test_a_database_that_stood_still_costs_no_turn(own_postgres, deploy):
    deployment = deploy(own_postgres)
    first, second = deployment.add_node(), deployment.add_node()
    deployment.add_nginx(first.addresses)
    # Both have had unbroken contact for a lease, so both may judge.
    time.sleep(12)
    model = deployment.model("rate=10;tokens=250")
    turns = [deployment.client().start(model=model.name).read_some(5) for _ in range(3)]
    frozen = processes_of(own_postgres)
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(13)  # longer than a lease
        # Who has no lease begins nothing, and says why: it does not shut down.
        refused = turns[0].client.post_start({"message": "Hi", "model": model.name})
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "unavailable")
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
    for turn in turns:
        turn.read()
        assert turn.state == "done"
        assert turn.text == deployment.text(model)
    assert not any("void" in node.log.read_text() for node in (first, second))


def test_a_locked_row_holds_up_its_own_turn_only(deploy):
    deployment = deploy()
    deployment.add_node()
    deployment.add_nginx()
    client = deployment.client()
    short_model = deployment.model("rate=50;tokens=20")
    short = client.start(model=short_model.name)
    long = client.start(model=deployment.model("rate=50;tokens=600").name).read_some(20)
    with psycopg.connect(deployment.postgres.conninfo(deployment.database, "postgres")) as locker:
        locker.execute("select from sluice.conversation where id = %s for update", [short.conversation])
        wait_until(lambda: all(r["end"] for r in deployment.upstream(short_model)), "its answer to be whole")
        # Its end cannot be written now, nor in the next seconds; the other turn does not notice.
        long.read()
        assert long.state == "done"
        assert deployment.turn(short.id)["state"] == "streaming"
    assert short.read().state == "done"


def test_a_start_whose_answer_was_lost_does_not_keep_its_conversation_busy(deploy):
    deployment = deploy()
    lossy = LossyDatabase(deployment.folder.path / "lossy", deployment.postgres.socket)
    conninfo = deployment.postgres.conninfo(deployment.database)
    deployment.add_node(database=conninfo.replace(str(deployment.postgres.socket), str(lossy.folder)))
    deployment.add_nginx()
    client = deployment.client()
    model = deployment.model("rate=0;tokens=5")
    before = client.start(model=model.name).read()
    lossy.armed = True
    lost = client.post_start({"message": "Hi", "model": model.name, "conversation": before.conversation})
    lossy.armed = False
    assert lost.status_code == 503
    assert lossy.lost >= 1
    live = "select id from turn where state = 'streaming'"
    [row] = deployment.sql.execute(live).fetchall()
    wait_until(lambda: not deployment.sql.execute(live).fetchall(), "the turn that nobody runs to be ended", 60)
    assert deployment.turn(row["id"])["state"] == "interrupted"
    assert client.start(model=model.name, conversation=before.conversation).read().state == "done"


def test_a_cancel_needs_no_database(own_postgres, deploy):
    deployment = deploy(own_postgres)
    deployment.add_node()
    deployment.add_nginx()
    model = deployment.model("rate=50;tokens=2000")
    turn = deployment.client().start(model=model.name).read_some(20)
    frozen = processes_of(own_postgres)
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        asked = time.time()
        assert turn.cancel().status_code == 202
        [request] = wait_until(lambda: [r for r in deployment.upstream(model) if r["end"]], "the upstream to close")
        assert request["endedMs"] - asked * 1000 < 1000
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
    assert turn.read().state == "cancelled"


def test_a_start_under_way_at_sigterm_is_answered(deploy):
    deployment = deploy()
    node = deployment.add_node()
    deployment.add_nginx()
    client = deployment.client()
    model = deployment.model("rate=0;tokens=5")
    before = client.start(model=model.name).read()
    answers = []
    with psycopg.connect(deployment.postgres.conninfo(deployment.database, "postgres")) as locker:
        locker.execute("select from sluice.conversation where id = %s for update", [before.conversation])
        body = {"message": "Hi", "model": model.name, "conversation": before.conversation}
        asking = threading.Thread(target=lambda: answers.append(client.post_start(body)))
        asking.start()
        waiting = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        wait_until(lambda: deployment.sql.execute(waiting).fetchall(), "the start to wait for the row")
        node.drain()
        wait_until(lambda: "draining" in node.log.read_text(), "the drain to begin")
    asking.join()
    assert answers[0].status_code == 200
    assert answers[0].json()["state"] == "done"
    assert node.wait(30) == 0


def test_an_answer_ends_at_its_end_mark(site):
    def answer(connection, _):
        connection.sendall(STREAM + delta("hello") + delta("", "stop") + event("[DONE]"))

    # Nobody closes the connection, and nothing else would end the turn for a minute.
    model = site.model(route={"region": ScriptedProvider(answer).url})
    started = time.monotonic()
    turn = site.client().start(model=model.name).read()
    assert (turn.state, turn.text) == ("done", "hello")
    assert time.monotonic() - started < 30


def test_an_error_without_end_ends_the_turn(site):
    def answer(connection, _):
        connection.sendall(b"HTTP/1.1 500 Oh\r\nContent-Type: text/plain\r\n\r\n")
        while True:
            connection.sendall(b"x" * 100)
            time.sleep(0.1)

    model = site.model(route={"region": ScriptedProvider(answer).url, "idle_timeout_ms": 1000})
    turn = site.client().start(model=model.name).read()
    assert turn.end["error"]["code"] == "upstream_error"


def test_what_a_provider_says_stays_out_of_the_log(site):
    def answer(connection, body):
        words = json.loads(body)["messages"][-1]["content"]
        error = json.dumps({"error": {"message": f"bad input: {words}", "type": "invalid_request_error"}}).encode()
        connection.sendall(b"HTTP/1.1 400 Bad\r\nContent-Length: %d\r\n\r\n" % len(error) + error)

    model = site.model(route={"region": ScriptedProvider(answer).url})
    turn = site.client().start("diagnosis-4711", model=model.name).read()
    assert turn.end["error"]["code"] == "upstream_refused"
    assert "diagnosis-4711" not in json.dumps(turn.end)
    log = site.nodes[0].log.read_text()
    assert turn.id in log and "diagnosis" not in log


def test_usage_of_any_size_can_be_read_again(site):
    def answer(connection, _):
        usage = {"choices": [], "usage": {"prompt_tokens": 3_000_000_000, "completion_tokens": 1}}
        connection.sendall(STREAM + delta("hello") + delta("", "stop") + event(usage) + event("[DONE]"))
        connection.close()

    model = site.model(route={"region": ScriptedProvider(answer).url})
    turn = site.client().start(model=model.name).read()
    time.sleep(7)  # until it has left the node's memory
    assert turn.get(cursor="1.0").json()["usage"]["input_tokens"] == 3_000_000_000


def test_a_reader_that_is_told_to_come_again_at_once_may(deploy):
    deployment = deploy()
    deployment.sql.execute("update surface set pace_ms = 1000 where name = 'web'")
    deployment.add_node()
    deployment.add_nginx()
    model = deployment.model("rate=0;tokens=150000")
    turn = deployment.client().start(model=model.name)
    wait_until(lambda: deployment.turn(turn.id)["state"] == "done", "the long answer", 60)
    replies, cursor = 0, "1.0"
    while True:
        response = turn.get(cursor=cursor, wait=0)
        assert response.status_code == 200, f"after {replies} replies"
        reply = response.json()
        replies, cursor = replies + 1, reply["cursor"]
        if not reply["more"]:
            break
        assert reply["poll_after_ms"] == 0
    assert replies > 10
