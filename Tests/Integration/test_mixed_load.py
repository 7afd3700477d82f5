"""Hours of use, in minutes: all that clients do, at once, and neither memory nor descriptors grow."""

import random
import statistics
import threading
import time
import uuid
from collections import Counter

from belongings import descriptors, resident, without_providers
from chat_client import ChatClient, Turn
from endurance import MINUTES, say, seeded, torture
from scrape import settled, until
from vanishing import Vanishing

VISITORS = 24
# Each begins something so often, however quick the machine is just then: what lingers in memory goes with the pace.
BEAT_S = 1.0
# Of the minutes; until caches, pools and the allocator's arenas have their size.
WARM_UP_S = 60
SAMPLE_S = 5
# From the median of the first fifth of all samples to that of the last.
GROWTH = 0.05
GROWTH_BYTES = 2 << 20


class Visitor:
    """Does one thing after another, each checked by what comes back, until told to stop."""

    def __init__(self, deployment, models: dict[str, str], seed: float):
        self.deployment, self.models = deployment, models
        self.dice = random.Random(seed)
        self.client = ChatClient(deployment.nginx.url)
        self.done: Counter = Counter()
        self.ended: list[Turn] = []

    def go(self, stopping: threading.Event, failures: list[str]) -> None:
        doings = [self.arrive, self.read, self.read, self.vanish, self.cancel, self.ask, self.converse, self.go_on]
        doings += [self.forget, self.look_back, self.break_off, self.mistake, self.mistake, self.read_much]
        doing = self.arrive
        try:
            doing()
            due = time.monotonic() + self.dice.uniform(0, BEAT_S)
            while not stopping.wait(max(0, due - time.monotonic())):
                # What took longer is not made up for.
                due = max(due, time.monotonic()) + BEAT_S
                doing = self.dice.choice(doings)
                doing()
                self.done[doing.__name__] += 1
        except Exception as failure:
            failures.append(f"{doing.__name__}: {failure!r}")

    def arrive(self) -> None:
        assert self.client.open_session().status_code == 201
        self.ended.clear()

    def read(self) -> None:
        self.finish(self.start(self.dice.choice(["quick", "steady", "relaxed", "nasty"])))

    def read_much(self) -> None:
        self.finish(self.start("long"))

    def vanish(self) -> None:
        """Leaves polls behind and comes back to the turn."""
        turn = self.start("steady")
        for _ in range(3):
            poll = Vanishing.behind_nginx(turn, cursor=turn.cursor, wait=20_000, reader=self.dice.randrange(4))
            turn.poll()
            poll.leave(reset=self.dice.random() < 0.5)
        self.finish(turn)

    def cancel(self) -> None:
        turn = self.start("endless")
        for _ in range(self.dice.randrange(3)):
            turn.poll(wait=200)
        assert turn.cancel().status_code in (200, 202)
        assert turn.read().state == "cancelled"

    def ask(self) -> None:
        assert self.client.ask(model=self.models["quick"])["state"] == "done"

    def go_on(self) -> None:
        """A second turn in a conversation, which has a history then."""
        turn = self.finish(self.start("quick"))
        self.finish(self.client.start("And then?", model=self.models["quick"], conversation=turn.conversation))

    def converse(self) -> None:
        listed = self.get("/chat/conversations").json()["conversations"]
        for entry in self.dice.sample(listed, min(3, len(listed))):
            assert self.get(f"/chat/conversations/{entry['conversation']}").json()["messages"]

    def forget(self) -> None:
        turn = self.finish(self.start("quick"))
        self.ended.remove(turn)
        assert self.client.request("DELETE", f"/chat/conversations/{turn.conversation}").status_code == 204

    def look_back(self) -> None:
        """At a turn that may have left the node's memory."""
        if self.ended:
            turn = self.dice.choice(self.ended)
            assert turn.another_reader().read().text == turn.text

    def break_off(self) -> None:
        assert self.start(self.dice.choice(["refusing", "breaking", "garbled"])).read().end is not None

    def mistake(self) -> None:
        unknown, name = f"/chat/{uuid.uuid4()}/poll?cursor=1.0", self.models["quick"]
        status, request = self.dice.choice(
            [
                (404, lambda: self.client.request("GET", unknown)),
                (404, lambda: self.client.request("GET", "/chat/nothing/here")),
                (401, lambda: self.client.request("GET", unknown, token="v1.dev.forged.forged")),
                (400, lambda: self.client.request("POST", "/chat/start", data=b'{"message": ')),
                (405, lambda: self.client.request("PUT", "/chat/start", json={})),
                (422, lambda: self.client.post_start({"message": "Hi", "model": uuid.uuid4().hex})),
                (413, lambda: self.client.post_start({"message": "x" * 300_000, "model": name})),
            ]
        )
        response = request()
        assert response.status_code == status, f"{response.status_code} in place of {status}: {response.text}"

    def start(self, kind: str) -> Turn:
        return self.client.start(model=self.models[kind])

    def finish(self, turn: Turn) -> Turn:
        assert turn.read().state == "done", turn.end
        turn.events.clear()
        self.ended = [*self.ended[-20:], turn]
        return turn

    def get(self, path: str):
        response = self.client.request("GET", path)
        assert response.status_code == 200, response.text
        return response


SCENARIOS = {
    "quick": "rate=0;tokens=20",
    "steady": "rate=50;tokens=60",
    "nasty": "text=nasty;rate=0",
    "long": "rate=0;tokens=20000",
    "endless": "rate=20;tokens=100000",
    "refusing": "fault=status;status=500",
    "breaking": "rate=0;fault=reset;after=10",
    "garbled": "rate=0;fault=garbage;after=10",
}


@torture(MINUTES)
def test_mixed_load_leaves_memory_and_descriptors_flat(deploy, times):
    dice = seeded()
    deployment = deploy()
    node = deployment.add_node()
    deployment.add_nginx(idle="2s")
    models = {kind: deployment.model(scenario).name for kind, scenario in SCENARIOS.items()}
    models["relaxed"] = deployment.model(SCENARIOS["steady"], durability="relaxed").name
    deployment.client().ask(model=models["quick"])
    belongings = idle(deployment, node)
    visitors = [Visitor(deployment, models, dice.random()) for _ in range(VISITORS)]
    stopping, failures, samples = threading.Event(), [], []
    threads = [threading.Thread(target=visitor.go, args=(stopping, failures), daemon=True) for visitor in visitors]
    for thread in threads:
        thread.start()
    begun = time.monotonic()
    try:
        time.sleep(WARM_UP_S)
        while time.monotonic() < begun + times * 60 and not failures:
            samples.append(resident(node))
            if len(samples) % 12 == 0:
                say(f"{samples[-1] / 1e6:.1f} MB resident, {tally(visitors).total()} things done")
            time.sleep(SAMPLE_S)
    finally:
        stopping.set()
        for thread in threads:
            thread.join(90)
    assert not failures, failures
    assert not any(thread.is_alive() for thread in threads), "a visitor is stuck"
    done = tally(visitors)
    # All that a visitor can do was done.
    assert len(done) == 12, done
    fifth = len(samples) // 5
    assert fifth, f"{times} minutes are too few: the first is not counted"
    first, last = (statistics.median(part) for part in (samples[:fifth], samples[-fifth:]))
    say(f"resident memory from {first / 1e6:.2f} to {last / 1e6:.2f} MB: {dict(done)}")
    assert last <= first * (1 + GROWTH) + GROWTH_BYTES, [sample >> 10 for sample in samples]
    assert idle(deployment, node) == belongings


def tally(visitors: list[Visitor]) -> Counter:
    return sum((Counter(dict(visitor.done)) for visitor in visitors), Counter())


def idle(deployment, node) -> dict[str, int]:
    """Its descriptors once it has nothing to do and nginx has let go of its connections."""
    settled(node)
    until(node, lambda scrape: scrape.is_at_rest and scrape["sluice_connections"] == 0, "nginx to let go", 60)
    return without_providers(descriptors(node, deployment))
