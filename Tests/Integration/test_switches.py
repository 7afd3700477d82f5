"""Readers that change their way and their node at any chunk read every chunk once."""

import random
import threading

import pytest
from deployment import Deployment
from endurance import say, seeded
from scrape import Scrape
from stream_client import Wanderer

SWITCHES = 1_000
READERS = 24


class Elsewhere(Wanderer):
    """Polls, too, go to any node."""

    def poll(self, **options):
        self.client.url = self.dice.choice(self.urls)
        return super().poll(**options)


@pytest.fixture
def three(deploy) -> Deployment:
    """Three nodes."""
    deployment = deploy()
    for _ in range(3):
        deployment.add_node()
    return deployment


def test_a_thousand_switches_over_three_nodes(three: Deployment):
    dice = seeded()
    urls = [three.add_nginx(node.addresses).url for node in three.nodes]
    models = [
        three.model(scenario, durability=durability)
        for scenario in ("rate=100;tokens=600;text=prose", "rate=150;tokens=900;text=nasty")
        for durability in ("commit", "commit", "relaxed")
    ]
    texts = {model: three.text(model) for model in models}
    readers: list[tuple[Elsewhere, str]] = []
    failures: list[str] = []

    def visit(seed: int) -> None:
        mine = random.Random(seed)
        model = mine.choice(models)
        try:
            client = three.client()
            client.url = mine.choice(urls)
            started = client.start(model=model.name).started
            reader = Elsewhere(client, started, mine, urls)
            readers.append((reader, texts[model]))
            reader.read(patience=120)
        except BaseException as failure:
            failures.append(f"{model}: {failure!r}")

    while sum(reader.switches for reader, _ in readers) < SWITCHES and not failures:
        threads = [threading.Thread(target=visit, args=[dice.random()]) for _ in range(READERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failures, failures
    for reader, text in readers:
        assert reader.text == text and reader.state == "done" and reader.resets == 0
        assert sum(event["type"] == "end" for event in reader.events) == 1
    streams = sum(Scrape.of(node).sum("sluice_streams_ended_total") for node in three.nodes)
    say(f"{sum(reader.switches for reader, _ in readers)} switches, {streams:.0f} streams, {len(readers)} turns")
    assert streams > SWITCHES / 3
    rows = three.sql.execute(
        "select count(*) as turns, count(*) filter (where state = 'done') as done from turn"
    ).fetchone()
    assert rows["turns"] == rows["done"] == len(readers)
