"""Visitors who talk all the time, by the protocol's rules, and notice everything that a client could notice."""

import random
import threading
import time
import uuid
from collections import Counter

import requests
from chat_client import TRANSIENT, ChatClient, Turn, new_key
from deployment import Deployment, Model
from stack import wait_until
from stream_client import Wanderer

# What a visitor may have to ask again before it gives up.
PATIENCE = 90


class Watched(ChatClient):
    """A client whose every reply that is no success is noted: what was asked, the status, and our code or "none"."""

    def __init__(self, url: str, troubles: list[tuple[str, int, str]]):
        super().__init__(url)
        self.troubles = troubles

    def request(self, method: str, path: str, **options) -> requests.Response:
        kind = path.rpartition("/")[2]
        try:
            response = super().request(method, path, **options)
        except requests.ConnectionError:
            self.troubles.append((kind, 0, "connection"))
            raise
        if response.status_code >= 400:
            code = code_of(response)
            if response.status_code in (429, 503) and code != "none" and "Retry-After" not in response.headers:
                code += " without Retry-After"
            self.troubles.append((kind, response.status_code, code))
        return response


class Load:
    """`visitors` threads, each starting a turn and reading it to its end, again and again, until the load is left.

    Leaving it raises what went wrong. Each turn must have the text that its model sends, to the byte, and end `done`;
    those born on a node whose tag is in `mortal` may be interrupted, with the beginning of that text.
    """

    def __init__(self, deployment: Deployment, models: list[Model], visitors: int = 6):
        self.url, self.models = deployment.nginx.url, models
        self.mortal: set[int] = set()
        self.texts = {model.name: deployment.text(model) for model in models}
        self.troubles: list[tuple[str, int, str]] = []
        self.finished: list[Turn] = []
        self.failures: list[str] = []
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.visit, args=(n,), daemon=True) for n in range(visitors)]

    def __enter__(self) -> "Load":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind, *_) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join(PATIENCE)
        if kind is None:
            assert not self.failures, "\n".join(self.failures)
            assert not any(thread.is_alive() for thread in self.threads), "a visitor is stuck"

    def visit(self, number: int) -> None:
        dice = random.Random(number)
        client = Watched(self.url, self.troubles)
        try:
            until_done(lambda: client.open_session(), 201, dice)
            while not self.stopping.is_set():
                self.talk(client, dice.choice(self.models), dice)
        except Exception as failure:
            self.failures.append(f"visitor {number}: {failure!r}")

    def talk(self, client: Watched, model: Model, dice: random.Random) -> None:
        body, key = {"message": "Hi", "model": model.name, "stream": {"modes": ["poll"]}}, new_key()
        # Repeated with its key, so that it is one turn however often it takes.
        response = until_done(lambda: client.post_start(body, key=key), 202, dice)
        # By polls alone, or by streams too.
        turn = dice.choice([Turn, Wanderer])(client, response.json()).read()
        ended = (turn.state, turn.resets)
        whole = self.texts[model.name]
        if ended == ("interrupted", 0) and birth_tag(turn) in self.mortal:
            assert whole.startswith(turn.text), f"turn {turn.id} has another text"
        else:
            assert ended == ("done", 0), f"turn {turn.id} ended {ended}: {turn.end}"
            assert turn.text == whole, f"turn {turn.id} has another text"
        self.finished.append(turn)

    def born(self, tag: int) -> int:
        """How many finished turns were born on the node of this tag."""
        return sum(birth_tag(turn) == tag for turn in list(self.finished))

    def wait_for(self, more: int, tag: int | None = None) -> None:
        """Until this many further turns have come to their end, on the node of this tag if one is named."""
        count = (lambda: len(self.finished)) if tag is None else (lambda: self.born(tag))
        wanted = count() + more

        def there() -> bool:
            assert not self.failures, "\n".join(self.failures)
            return count() >= wanted

        wait_until(there, f"{more} further turns", PATIENCE)

    def seen(self) -> Counter:
        """What the visitors were told that was no success, counted."""
        return Counter(self.troubles)


def birth_tag(turn: Turn) -> int:
    """The tag of the node that began it: 12 bits of its id, behind the version."""
    return uuid.UUID(turn.id).int >> 64 & 0xFFF


def until_done(ask, status: int, dice: random.Random) -> requests.Response:
    """Asks until it is answered with this status; only what the protocol calls passing is asked again."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            response = ask()
        except requests.ConnectionError:
            response = None
        if response is not None and response.status_code == status:
            return response
        passing = response is None or response.status_code in TRANSIENT or code_of(response) == "none"
        assert passing, f"{response.status_code} {response.text}"
        assert time.monotonic() < deadline, "no answer in time"
        time.sleep(dice.uniform(0.02, 0.2))


def code_of(response: requests.Response) -> str:
    """Our code of an error, "none" for a reply that is not ours."""
    try:
        return response.json()["error"]["code"]
    except (ValueError, KeyError, TypeError):
        return "none"


def assert_every_turn_ended_once(deployment: Deployment, load: Load) -> None:
    """The rows say what the visitors saw: one end each, and the chunks that it counts."""
    states = {turn.id: turn.state for turn in load.finished}
    query = (
        "select t.id::text, t.state, (select count(*) from turn_delta d where d.turn_id = t.id and d.final) as finals,"
        " (select count(*) from turn_delta d where d.turn_id = t.id) = t.chunks as whole, t.epoch"
        " from turn t where t.id = any (%s::uuid[])"
    )
    rows = deployment.sql.execute(query, [list(states)]).fetchall()
    assert len(rows) == len(states) == len(load.finished) > 0
    assert {row["id"]: row["state"] for row in rows} == states
    assert {(row["finals"], row["whole"], row["epoch"]) for row in rows} == {(1, True, 1)}
