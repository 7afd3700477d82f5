"""Restarts under load: a client that follows the protocol notices none of them."""

import time

import pytest
from load import Load, Watched, assert_every_turn_ended_once, birth_tag
from stack import wait_until

# Who restarts node by node waits until nginx asks the last one again. It leaves out a node that failed for 3 s
# (fail_timeout in sluice-upstream.conf), in each worker, counted in whole seconds: that may be 4. Were the next one
# stopped before, nobody would be left for that worker, and a poll would get a 502.
UNTIL_ASKED_AGAIN = 5
# A start may come upon the node that goes, and is told so.
GOING = ("start", 503, "draining")


@pytest.fixture
def several(deploy):
    """So many nodes behind one nginx, which lets go of idle connections soon: a drain waits for that."""

    def make(count: int):
        deployment = deploy()
        nodes = [deployment.add_node(drain_timeout="60s") for _ in range(count)]
        deployment.add_nginx([address for node in nodes for address in node.addresses], idle="2s")
        return deployment, nodes

    return make


def models(deployment):
    """Short and long answers, slow and fast, with all that can be wrong about text."""
    scenarios = ("rate=0;tokens=50", "rate=50;tokens=100", "rate=200;tokens=200", "text=nasty;rate=0")
    return [deployment.model(scenario) for scenario in scenarios]


def begin_drain(node) -> None:
    told = node.log.read_text().count("draining")
    node.drain()
    wait_until(lambda: node.log.read_text().count("draining") > told, f"{node.name} to begin its drain")


@pytest.mark.parametrize(("count", "rounds"), [(2, 2), (3, 1)])
def test_nodes_are_restarted_in_turn_and_no_client_notices(several, count, rounds):
    deployment, nodes = several(count)
    with Load(deployment, models(deployment), visitors=8) as load:
        for _ in range(rounds):
            for tag, node in enumerate(nodes, 1):
                load.wait_for(3, tag=tag)
                begin_drain(node)
                assert node.wait(150) == 0
                # The others bear it alone.
                load.wait_for(10)
                node.start()
                time.sleep(UNTIL_ASKED_AGAIN)
        load.wait_for(10)
    # Polls and sessions never saw one of these restarts.
    assert set(load.seen()) <= {GOING}
    assert {turn.state for turn in load.finished} == {"done"}
    assert_every_turn_ended_once(deployment, load)


def test_a_reload_of_nginx_loses_nothing(several):
    deployment, nodes = several(2)
    nginx = deployment.nginx
    with Load(deployment, models(deployment), visitors=8) as load:
        for round in range(4):
            load.wait_for(10)
            former = nginx.workers()
            # Now one node, now both.
            nginx.reload([address for node in nodes[: 1 + round % 2] for address in node.addresses])
            wait_until(lambda: nginx.workers() - former, "new workers")
        load.wait_for(10)
    # A connection that nginx closed while it lay idle is no answer at all: the client asks again.
    assert set(load.seen()) <= {("start", 0, "connection"), ("poll", 0, "connection")}
    assert {turn.state for turn in load.finished} == {"done"}
    assert_every_turn_ended_once(deployment, load)


def test_a_lone_node_is_missed_while_it_is_away_and_nothing_is_lost(several):
    deployment, [node] = several(1)
    with Load(deployment, models(deployment)) as load:
        for _ in range(2):
            load.wait_for(10)
            begin_drain(node)
            assert node.wait(150) == 0
            # Nobody is there: nginx says 502, by itself.
            seen = load.seen()["start", 502, "none"]
            wait_until(lambda: load.seen()["start", 502, "none"] > seen, "a client to notice")
            node.start()
        load.wait_for(10)
    told = set(load.seen())
    assert told <= {GOING, ("start", 502, "none"), ("poll", 502, "none")}
    assert {turn.state for turn in load.finished} == {"done"}
    assert_every_turn_ended_once(deployment, load)


def test_a_poll_in_the_gap_of_a_lone_node_is_told_by_nginx_and_goes_on(several):
    deployment, [node] = several(1)
    model = deployment.model("rate=100;tokens=100")
    turn = deployment.client().start(model=model.name).read_some(20)
    cursor, seen = turn.cursor, turn.text
    begin_drain(node)
    # A lone node serves until its turns have ended, and a little longer for those who read between two polls.
    assert node.wait(150) == 0
    assert deployment.turn(turn.id)["state"] == "done"
    gone = turn.get()
    assert gone.status_code == 502
    assert "json" not in gone.headers["Content-Type"]
    # The cursor is as good as before.
    assert turn.poll() is None
    assert (turn.cursor, turn.text) == (cursor, seen)
    node.start()
    assert turn.read().text == deployment.text(model)
    assert turn.resets == 0


def test_a_node_dies_while_another_one_drains(several):
    deployment, [mortal, going, _] = several(3)
    with Load(deployment, models(deployment), visitors=9) as load:
        for tag in (1, 2, 3):
            load.wait_for(3, tag=tag)
        load.mortal = {1}
        client, slow = deployment.client(), deployment.model("rate=20;tokens=1000")
        orphan = client.start(model=slow.name)
        while birth_tag(orphan) != 1:
            orphan.cancel()
            orphan = client.start(model=slow.name)
        seen = orphan.read_some(40).text
        begin_drain(going)
        mortal.kill()
        assert going.wait(150) == 0
        load.wait_for(10, tag=3)
        # The verdict over what the dead one left takes a lease.
        left = "select from turn t join node n on n.incarnation = t.owner and n.tag = 1 where t.state = 'streaming'"
        wait_until(lambda: not deployment.sql.execute(left).fetchall(), "its turns to be ended", 60)
        load.wait_for(5)
    # A start upon a node that dies is not repeated by nginx, which cannot know what became of it; the client can.
    assert set(load.seen()) <= {GOING, ("start", 502, "none")}
    assert_every_turn_ended_once(deployment, load)
    orphan.read()
    assert (orphan.state, orphan.resets) == ("interrupted", 0)
    assert orphan.text.startswith(seen) and deployment.text(slow).startswith(orphan.text)


def test_what_a_draining_node_answers_has_the_protocols_form(several):
    deployment, [node] = several(1)
    turn = deployment.client().start(model=deployment.model("rate=50;tokens=100").name).read_some(10)
    begin_drain(node)
    troubles = []
    client = Watched(deployment.nginx.url, troubles)
    client.token = turn.client.token
    refused = client.post_start({"message": "Hi"})
    assert troubles == [GOING]
    assert int(refused.headers["Retry-After"]) >= 1
    assert refused.json()["error"]["retryable"] is True
    assert turn.read().state == "done"
    assert node.wait(150) == 0
