"""Readers who vanish and turns that are cancelled leave nothing behind: no place, no descriptor, nothing parked."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from belongings import descriptors, without_providers
from endurance import say, seeded, sizes
from scrape import Scrape, settled, until
from stack import free_port, wait_until
from vanishing import REPLIES, Vanishing

# All places for requests to the provider; none may wait for one.
PLACES = 60
AT_ONCE = 100
FOREVER = {"idle_timeout_ms": 86_400_000}
# Tokens of text, which are more than one reply may hold.
STALLED = 15_000


@pytest.fixture
def watched(deploy):
    """A node with a unix socket and a TCP port, and an nginx that lets go of connections soon."""
    deployment = deploy()
    doors = f"unix:{deployment.folder.path}/node-0.sock, 127.0.0.1:{free_port()}"
    node = deployment.add_node(listen=doors, upstream_limit=str(PLACES), upstream_queue="0")
    deployment.add_nginx(idle="2s")
    # Connections to the database and whatever else is made on first use.
    deployment.client().ask(model=deployment.model("rate=0;tokens=5").name)
    return deployment, node


def idle(deployment, node):
    """The look and the descriptors of a node that has nothing to do, once nginx has let go of its connections."""
    settled(node)
    # One is that of the look.
    scrape = until(node, lambda scrape: scrape.is_at_rest and scrape["sluice_connections"] == 0, "nginx to let go", 60)
    return scrape, without_providers(descriptors(node, deployment))


@sizes(1_000, 10_000)
def test_aborted_polls_leave_nothing_behind(watched, times):
    deployment, node = watched
    dice = seeded()
    before, belongings = idle(deployment, node)
    client = deployment.client()
    silent = deployment.model("rate=0;tokens=10;text=fixed;fault=stall;after=5", route=FOREVER)
    # All that comes: whoever asks then has to wait.
    parked = [client.start(model=silent.name).read_some(5 * len("abcdefg ")) for _ in range(8)]
    long = deployment.model(f"rate=0;tokens={2 * STALLED};fault=stall;after={STALLED}", route=FOREVER)
    full = [client.start(model=long.name) for _ in range(8)]
    for turn in full:
        turn.read_some(70_000)
    gone = stuck = 0
    for round in range(times // AT_ONCE):
        through_nginx, waiting = bool(round & 1), bool(round & 2)
        turns = parked if waiting else full
        earlier = Scrape.of(node)
        polls = [vanishing(node, turns[n % 8], n, through_nginx, waiting) for n in range(AT_ONCE)]
        if waiting:
            until(node, lambda scrape: scrape["sluice_parked_requests"] == AT_ONCE, "all to wait")
        else:
            for poll in polls:
                poll.begin()
            stuck += len(polls)
            if not through_nginx:
                # The next request is not looked at before the reply to this one has gone.
                asked = Scrape.of(node)["sluice_requests_total"] - earlier["sluice_requests_total"]
                assert asked <= AT_ONCE * (REPLIES - 1)
        dice.shuffle(polls)
        for poll in polls:
            poll.leave(reset=dice.random() < 0.5)
        gone += len(polls)
        until(node, lambda scrape: scrape["sluice_parked_requests"] == 0, "none to wait")
        if round % 10 == 9:
            say(f"{gone} polls aborted, {stuck} of them in mid-reply")
    for turn in parked + full:
        assert turn.cancel().status_code == 202
    after, left = idle(deployment, node)
    assert left == belongings
    assert_as_before(before, after)
    abandoned = after["sluice_requests_abandoned_total"] - before["sluice_requests_abandoned_total"]
    assert gone - stuck <= abandoned <= gone
    assert deployment.simulator.open_streams() == 0


def vanishing(node, turn, number, through_nginx, waiting) -> Vanishing:
    # Its budget is for each of eight readers of a turn.
    query = {"reader": number // 8 % 8}
    query |= {"cursor": turn.cursor, "wait": 20_000} if waiting else {"cursor": "1.0", "wait": 0}
    if through_nginx:
        return Vanishing.behind_nginx(turn, **query)
    # A TCP connection and a unix socket tell of their ends in different ways; only the latter's buffer has one size.
    return Vanishing.at_the_door(node.addresses[waiting], turn, **query)


@sizes(100, 1_000)
def test_cancelled_turns_leave_nothing_behind(watched, times):
    deployment, node = watched
    dice = seeded()
    before, belongings = idle(deployment, node)
    scenarios = ["rate=50;tokens=5000", "fault=stallheaders", "first=60000", "rate=5;tokens=500"]
    scenarios.append(f"rate=0;tokens={2 * STALLED};fault=stall;after={STALLED}")
    models = [deployment.model(scenario, route=FOREVER) for scenario in scenarios]
    visitors = [deployment.client() for _ in range(10)]

    def visit(number: int) -> None:
        own = random.Random(f"{dice_seed} {number}")
        for _ in range(times // len(visitors)):
            turn = visitors[number].start(model=own.choice(models).name)
            for _ in range(own.randrange(3)):
                turn.poll(wait=100)
            assert turn.cancel().status_code in (200, 202)
            assert turn.read().state == "cancelled", turn.end

    dice_seed = dice.random()
    with ThreadPoolExecutor(len(visitors)) as pool:
        list(pool.map(visit, range(len(visitors))))
    say(f"{times} turns cancelled")
    after, left = idle(deployment, node)
    assert left == belongings
    assert_as_before(before, after)
    assert after.since(before)['sluice_turns_ended_total{state="cancelled"}'] == times
    assert deployment.simulator.open_streams() == 0
    assert_all_places_are_free(deployment, node, models[0])


def assert_all_places_are_free(deployment, node, model) -> None:
    """As many turns run as there are places, and not one more."""
    client = deployment.client()
    turns = [client.start(model=model.name) for _ in range(PLACES)]
    for turn in turns:
        turn.read_some()
    assert Scrape.of(node)["sluice_upstream_running"] == PLACES
    refused = client.post_start({"message": "Hi", "model": model.name, "stream": {"modes": ["poll"]}})
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "overloaded")
    for turn in turns:
        assert turn.cancel().status_code == 202
    wait_until(lambda: deployment.simulator.open_streams() == 0, "the provider to be left alone")


def assert_as_before(before: Scrape, after: Scrape) -> None:
    """All gauges, but for those that follow the clock or the machine."""
    restless = ("sluice_lease", "sluice_load", "sluice_loop", "sluice_revocations_age", "process_")
    gauges = [name for name, kind in before.types.items() if kind == "gauge" and not name.startswith(restless)]
    assert len(gauges) > 12
    assert {name: after.family(name) for name in gauges} == {name: before.family(name) for name in gauges}
