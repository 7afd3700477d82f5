"""A crowd that keeps so many turns live, whatever befalls the nodes, and compares each reply with those before it."""

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass

from chat_client import new_key
from deployment import Deployment, Model, by_tag
from load import Watched, birth_tag, until_done
from stack import Node, wait_until
from stream_client import Wanderer

# What a reader may wait for its end: a dead node's turns wait for a node that may judge.
PATIENCE = 120
# A turn without news for so long does not count as live: another one is started in its place.
SILENCE_S = 3
SURFACE = "crowd"


@dataclass(frozen=True)
class Script:
    """A model, the whole text of its answer, and how often its readers must expect a `reset`."""

    model: Model
    text: str
    resets: int = 0
    restart: bool = False


class Reader(Wanderer):
    """A turn whose reader goes from polls to streams and back, and holds every reply against the protocol. AssertionError for one that breaks it."""

    def __init__(self, client: Watched, started: dict, script: Script):
        super().__init__(client, started)
        self.script = script
        self.ends = 0
        self.began = self.heard = time.monotonic()
        # Its node was killed.
        self.orphaned = False

    def apply(self, reply: dict) -> None:
        before, length = place(self.cursor), len(self.text)
        super().apply(reply)
        now = place(self.cursor)
        if reply.get("reset"):
            assert self.resets <= self.script.resets, f"turn {self.id} was reset"
            assert now[0] > before[0], f"turn {self.id} was reset from {before} to {now}"
        else:
            assert now[0] == before[0] and now[1] >= before[1], f"turn {self.id} went from {before} to {now}"
            assert now > before or not reply["events"], f"turn {self.id} has events and no new cursor: {reply}"
        assert self.script.text.startswith(self.text), f"turn {self.id} has another text: …{self.text[-80:]!r}"
        if len(self.text) > length:
            self.heard = time.monotonic()
        self.ends += sum(event["type"] == "end" for event in reply["events"])
        assert self.ends == (self.end is not None), f"turn {self.id} has seen {self.ends} ends: {reply}"

    @property
    def is_awake(self) -> bool:
        return self.end is None and not self.orphaned and time.monotonic() - self.heard < SILENCE_S


class Crowd:
    """Threads, each with one turn: started by its key until it is there, read to its end. Leaving it waits for all.

    `turns` are kept live at a time by whoever waits in `flow`. A turn ends `done` with its model's whole text, or, if
    nodes are `mortal`, `interrupted` with its beginning. `restart`: instead it may be begun anew, twice.
    """

    def __init__(self, deployment: Deployment, dice: random.Random, turns: int = 50, *, mortal: bool = False, restart: bool = False):
        self.deployment, self.turns, self.mortal = deployment, turns, mortal
        self.dice = random.Random(dice.random())
        self.scripts = scripts(deployment, self.dice, restart)
        self.troubles: list[tuple[str, int, str]] = []
        self.failures: list[str] = []
        self.idle: list[Watched] = []
        self.threads: list[threading.Thread] = []
        # When each start began that has no answer yet, by its key.
        self.starting: dict[str, float] = {}
        self.readers: list[Reader] = []
        self.finished: list[Reader] = []

    def __enter__(self) -> "Crowd":
        return self

    def __exit__(self, kind, *_) -> None:
        if kind is not None:
            return
        deadline = time.monotonic() + PATIENCE
        for thread in self.threads:
            thread.join(max(0, deadline - time.monotonic()))
        self.must_be_well()
        assert not any(thread.is_alive() for thread in self.threads), "a visitor is stuck"

    def must_be_well(self) -> None:
        assert not self.failures, "\n".join(self.failures[:10])

    def flow(self, patience: float = 60) -> float:
        """Waits until so many turns have had news since now; the seconds that this took."""
        begun = time.monotonic()

        def flowing() -> bool:
            self.must_be_well()
            self.fill()
            awake = [reader for reader in self.readers if reader.heard > begun and reader.is_awake]
            return len(awake) >= self.turns

        wait_until(flowing, f"{self.turns} turns to flow", patience)
        return time.monotonic() - begun

    def fill(self) -> None:
        """Starts turns for those that have ended, or that wait for a verdict; a few more, as some are always ending."""
        # In place: visitors add to it meanwhile.
        for reader in [reader for reader in self.readers if reader.end]:
            self.readers.remove(reader)
        self.threads = [thread for thread in self.threads if thread.is_alive()]
        now = time.monotonic()
        coming = sum(now - begun < SILENCE_S for begun in list(self.starting.values()))
        for _ in range(self.turns + self.turns // 10 - coming - sum(reader.is_awake for reader in self.readers)):
            key, script = new_key(), self.dice.choice(self.scripts)
            self.starting[key] = now
            thread = threading.Thread(target=self.visit, args=(key, script, self.dice.random()), daemon=True)
            self.threads.append(thread)
            thread.start()

    def visit(self, key: str, script: Script, seed: float) -> None:
        dice = random.Random(seed)
        try:
            client = self.idle.pop() if self.idle else Watched(self.deployment.nginx.url, self.troubles)
            if client.token is None:
                until_done(lambda: client.open_session(SURFACE), 201, dice)
            body = {"message": "Hi", "model": script.model.name, "stream": {"modes": ["poll"]}}
            # Repeated with its key, so that it is one turn however often it takes.
            reader = Reader(client, until_done(lambda: client.post_start(body, key=key), 202, dice).json(), script)
            self.readers.append(reader)
            del self.starting[key]
            reader.read(patience=PATIENCE)
            if reader.state == "done":
                assert reader.text == script.text, f"turn {reader.id} is not whole"
                assert not reader.resets or script.restart, f"turn {reader.id} was reset {reader.resets} times"
            else:
                assert self.mortal and reader.state == "interrupted", f"turn {reader.id}: {reader.end}"
            reader.events.clear()
            self.finished.append(reader)
            self.idle.append(client)
        except Exception as failure:
            self.failures.append(f"{failure!r}")

    def live(self, tag: int) -> list[Reader]:
        """The turns under way that were born on this node, and are not those of a dead incarnation."""
        return [reader for reader in list(self.readers) if reader.is_awake and birth_tag(reader) == tag]

    def orphan(self, tag: int) -> None:
        """Counts the turns of this node's former incarnations no longer as live."""
        for reader in self.live(tag):
            reader.orphaned = True

    def states(self) -> Counter:
        return Counter(reader.state for reader in self.finished)

    def seen(self) -> Counter:
        """What the visitors were told that was no success, counted."""
        return Counter(self.troubles)


def several_nodes(deployment: Deployment, count: int, *, tagged: bool = False, **options: str) -> list[Node]:
    """So many nodes behind one nginx, and the surface on which a crowd talks. `tagged`: each gets its own turns."""
    common = {"kind": "web", "anonymous": True, "session_limit": 100_000}
    deployment.insert("surface", **common, name=SURFACE, pace_ms=400)
    nodes = [deployment.add_node() for _ in range(count)]
    addresses = [address for node in nodes for address in node.addresses]
    deployment.add_nginx(by_tag(nodes) if tagged else addresses, **options)
    return nodes


def scripts(deployment: Deployment, dice: random.Random, restart: bool) -> list[Script]:
    """Answers of 1 to 12 s, all different; one in five is served before it is committed."""
    made = []
    for number in range(10):
        relaxed = number % 5 == 4
        scenario = f"rate=20;tokens={dice.randrange(20, 240)};seed={dice.randrange(1, 1000)}"
        columns = {"durability": "relaxed" if relaxed else "commit", "on_interrupt": "restart" if restart else "keep"}
        model = deployment.model(scenario, **columns)
        made.append(Script(model, deployment.text(model), relaxed + 2 * restart, restart))
    return made


def place(cursor: str) -> tuple[int, int]:
    epoch, _, offset = cursor.partition(".")
    return int(epoch), int(offset)
