"""The ledger says of each turn what its provider has counted, and estimates what nobody has; and what that costs."""

import json
import random
import uuid
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from chat_client import ChatClient
from deployment import by_tag
from endurance import say, seeded, sizes
from providers import KEYS, PATHS, add_model, add_route, region
from stack import wait_until

# Who does not say how many tokens went into reasoning, or stood in a cache.
SILENT_ON_REASONING = {"anthropic", "bedrock", "ollama"}
SILENT_ON_CACHE = {"ollama"}
# What is seen of turns that do not end by themselves.
SLOW = "rate=100;tokens=20000"
# The simulator keeps a thousand requests.
BATCH = 250


class Books:
    """What the simulator has counted, by the words that only one turn has."""

    def __init__(self, deployment):
        self.deployment = deployment
        self.entries: dict[str, list[dict]] = {}
        self.credentials: dict[str, uuid.UUID] = {}

    def model(self, driver: str, *scenarios: str, **columns) -> str:
        """A virtual model of one driver, with a route for each scenario, the first tried first."""
        name = add_model(self.deployment, **columns)
        if driver not in self.credentials:
            path = self.deployment.folder.path / f"key-{driver}"
            path.write_text(KEYS[driver])
            row = self.deployment.insert("credential", name=f"c-{uuid.uuid4().hex[:12]}", reference=f"file:{path}")
            self.credentials[driver] = row["id"]
        for priority, scenario in enumerate(scenarios, start=1):
            add_route(
                self.deployment, name, scenario, driver=driver, priority=priority,
                credential_id=self.credentials[driver], region=region(driver, self.deployment.simulator),
            )  # fmt: skip
        return name

    def collect(self) -> None:
        """Takes over what the simulator has noted, and lets it forget that."""
        simulator = self.deployment.simulator
        wait_until(lambda: simulator.open_streams() == 0, "the simulator to have ended all answers", 30)
        for entry in json.loads(simulator.get("/sim/requests")):
            [word] = {word for word in json.dumps(entry["body"]).replace('"', " ").split() if word.startswith("turn-")}
            self.entries.setdefault(word, []).append(entry)
        simulator.forget()


def words(dice: random.Random) -> str:
    """A message that no other turn has."""
    return f"turn-{uuid.uuid4().hex} " + "and so on, " * dice.randrange(40)


def tokens(text: str) -> int:
    return -(-len(text.encode()) // 4)


def rows(deployment) -> dict[str, dict]:
    """The ledger by turn, with the text of message and answer."""
    return {
        str(row["turn_id"]): row
        for row in deployment.sql.execute(
            "select l.*, q.parts -> 0 ->> 'text' as asked, coalesce(a.parts -> 0 ->> 'text', '') as answer,"
            " r.driver as by from usage_ledger l join turn t on t.id = l.turn_id"
            " join message q on (q.conversation_id, q.id) = (t.conversation_id, t.user_message_id)"
            " left join message a on (a.conversation_id, a.id) = (t.conversation_id, t.message_id)"
            " left join model_route r on r.id = t.route_id"
        )
    }


def assert_as_counted(row: dict, entry: dict) -> None:
    """A turn whose provider has said what it used: to the token."""
    usage = entry["usage"]
    expected = (usage["prompt"], usage["completion"])
    assert (row["input_tokens"], row["output_tokens"]) == expected, (row, entry)
    assert row["reasoning_tokens"] == (0 if row["driver"] in SILENT_ON_REASONING else usage["reasoning"]), row
    assert row["cached_tokens"] == (0 if row["driver"] in SILENT_ON_CACHE else usage["cached"]), row
    assert not row["estimated"], row


@sizes(500, 10_000)
def test_the_ledger_equals_what_the_provider_has_counted(deploy, times):
    dice = seeded()
    deployment = deploy()
    books = Books(deployment)
    surface = deployment.sql.execute("select id from surface where name = 'web'").fetchone()["id"]
    deployment.insert("usage_limit", surface_id=surface, tokens_per_day=10**12)
    nodes = [deployment.add_node() for _ in range(2)]
    deployment.add_nginx(by_tag(nodes))
    whole = [
        books.model(driver, f"rate=0;tokens={20 + 7 * index};reasoning={9 * (index % 3)};cached={index % 5}", **columns)
        for index, driver in enumerate(PATHS)
        for columns in ({"stream": True}, {"stream": False}, {"reasoning": "full"})
    ]
    elsewhere = [
        books.model(driver, "fault=status;status=500", "rate=0;tokens=12;cached=3", retry_budget_ms=0)
        for driver in PATHS
    ]
    refused = [books.model(driver, "fault=status;status=500", retry_budget_ms=0) for driver in PATHS]
    broken = [
        books.model(driver, "rate=0;tokens=50;fault=cut;after=30", retry_budget_ms=0)
        for driver in PATHS
        if driver != "gemini"
    ]
    models = whole * 6 + elsewhere * 2 + refused + broken
    clients = [deployment.client() for _ in range(8)]

    def ask(client: ChatClient, model: str, message: str) -> str:
        return client.ask(message, model=model)["turn"]

    turns = []
    for begin in range(0, times, BATCH):
        wanted = [(dice.choice(models), words(dice)) for _ in range(min(BATCH, times - begin))]
        with ThreadPoolExecutor(len(clients)) as pool:
            turns += pool.map(lambda item: ask(clients[item[0] % len(clients)], *item[1]), enumerate(wanted))
        books.collect()
        if begin % 1_000 == 0:
            say(f"{len(turns)} turns")

    # Some are cancelled; others lose their node.
    slow = [books.model(driver, SLOW) for driver in PATHS]
    live = [clients[0].start(words(dice), model=model).read_some(40) for model in slow * 4]
    turns += [turn.id for turn in live]
    assert {int(turn.id[15:18], 16) for turn in live} == {1, 2}
    nodes[1].kill()
    for turn in live:
        if int(turn.id[15:18], 16) == 1:
            turn.cancel()
    ended = {turn.id: turn.read().end for turn in live}
    assert {end["state"] for end in ended.values()} == {"cancelled", "interrupted"}
    books.collect()

    ledger = wait_until(lambda: (found := rows(deployment)) and len(found) == len(turns) and found, "all to be entered")
    assert set(ledger) == set(turns)
    states = {state: 0 for state in ("done", "error", "cancelled", "interrupted")}
    for row in ledger.values():
        states[row["state"]] += 1
        entries = books.entries[row["asked"].split()[0]]
        if row["state"] == "done":
            assert_as_counted(row, entries[-1])
        elif row["error_code"] == "upstream_error" and not row["answer"]:
            # The provider has refused: it has used nothing, and nobody guesses.
            assert not row["estimated"] and row["input_tokens"] == row["output_tokens"] == 0, row
        else:
            assert row["estimated"], row
            assert_estimated(row, entries[-1])
    say(f"{states}")
    assert all(states.values())

    # What its limit has counted is the same.
    total = sum(row["input_tokens"] + row["output_tokens"] for row in ledger.values())
    counted = deployment.sql.execute(
        "select period, sum(tokens) as tokens from usage_counter where subject_id = %s and period <> 'minute'"
        " group by period order by period",
        [surface],
    ).fetchall()
    assert [row["tokens"] for row in counted if row["period"] == "month"] == [total], counted
    assert not deployment.sql.execute("select from usage_hold").fetchall()
    # And what the readers were told.
    for turn, end in ended.items():
        assert end["usage"]["estimated"] is True
        assert end["usage"]["output_tokens"] == ledger[turn]["output_tokens"], (end, ledger[turn])


def assert_estimated(row: dict, entry: dict) -> None:
    """A token for four bytes of what was sent and of what came; where the provider has counted in mid-stream, its count
    and an estimate of what came since."""
    if row["driver"] == "gemini" and row["state"] != "interrupted":
        assert row["input_tokens"] == entry["usage"]["prompt"]
        # The last event it has counted may be counted and estimated.
        assert 0 < row["output_tokens"] <= entry["tokensSent"] + 20, (row, entry)
        return
    said = tokens(row["answer"])
    # Anthropic begins with a count: of all that is sent, and a token or so of the answer.
    begun = row["driver"] == "anthropic" and row["state"] != "interrupted"
    assert row["input_tokens"] == (entry["usage"]["prompt"] if begun else tokens(row["asked"])), (row, entry)
    assert said <= row["output_tokens"] <= said + (5 if begun else 0), (row, said)


def test_a_turn_costs_what_its_start_was_told(deploy):
    """A price holds until the next; a turn keeps that of its start, class by class, to the last digit."""
    deployment = deploy()
    books = Books(deployment)
    deployment.add_node()
    deployment.add_nginx()
    model = books.model("openai", "rate=0;tokens=30;reasoning=11;cached=2")
    slow = books.model("openai", SLOW)
    names = {
        row["name"]: row["provider_model"]
        for row in deployment.sql.execute(
            "select m.name, r.provider_model from virtual_model m join model_route r on r.model_id = m.id"
        )
    }
    client = deployment.client()
    free = client.ask("one two three four", model=model)["turn"]
    for name in (model, slow):
        for age, factor in ((2, 1), (1, 3)):
            deployment.sql.execute(
                "insert into price (driver, provider_model, valid_from, input, output, cached, reasoning)"
                " values ('openai', %s, now() - %s * interval '1 hour', %s, %s, %s, %s)",
                [names[name], age, factor * Decimal("0.15"), factor * Decimal("0.60"), factor * Decimal("0.075"),
                 factor * Decimal("1.2")],
            )  # fmt: skip
    priced = client.ask("one two three four", model=model)["turn"]
    turn = client.start("Hello", model=slow).read_some(20)
    deployment.sql.execute(
        "insert into price (driver, provider_model, valid_from, input, output)"
        " values ('openai', %s, now(), 1000000, 1000000)",
        [names[slow]],
    )
    turn.cancel()
    turn.read()
    ledger = rows(deployment)
    assert ledger[free]["cost"] is None and ledger[free]["price_id"] is None
    row = ledger[priced]
    assert row["cached_tokens"] == 2 and row["reasoning_tokens"] == 11
    text = row["output_tokens"] - 11
    millionths = (
        3 * ((row["input_tokens"] - 2) * Decimal("0.15") + 2 * Decimal("0.075"))
        + 3 * (text * Decimal("0.60") + 11 * Decimal("1.2"))
    )  # fmt: skip
    assert row["cost"] == millionths / 1_000_000
    row = ledger[turn.id]
    assert row["cost"] == (row["input_tokens"] * Decimal("0.45") + row["output_tokens"] * Decimal("1.8")) / 1_000_000
    [day] = deployment.sql.execute(
        "select sum(turns) as turns, sum(turns_without_price) as missing, sum(estimated_turns) as estimated,"
        " sum(cost) as cost from cost_by_day"
    ).fetchall()
    assert (day["turns"], day["missing"], day["estimated"]) == (3, 1, 1)
    assert day["cost"] == ledger[priced]["cost"] + ledger[turn.id]["cost"]


def test_the_ledger_keeps_the_team_and_the_project_of_its_time(deploy):
    deployment = deploy()
    deployment.add_node()
    deployment.add_nginx()
    model = deployment.model("rate=0;tokens=3")
    deployment.sql.execute("update surface set team = 'sales', project = 'spring' where name = 'web'")
    client = deployment.client()
    first = client.ask("one", model=model.name)["turn"]
    deployment.sql.execute("update identity set team = 'support'")
    second = client.ask("two", model=model.name)["turn"]
    ledger = rows(deployment)
    assert [(ledger[turn]["team"], ledger[turn]["project"]) for turn in (first, second)] == [
        ("sales", "spring"), ("support", "spring"),
    ]  # fmt: skip
    assert ledger[first]["first_text_ms"] >= 0
