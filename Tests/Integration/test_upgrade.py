"""A filled database of the former release is brought to the present schema while that release serves."""

import re
import time

import pytest
from chat_client import ChatClient, Turn
from filled_database import fill, sample
from load import Load, assert_every_turn_ended_once
from signed_token import TURN, signed
from stack import wait_until
from stack.postgres import MIGRATIONS
from writers import Writers

# No lock of a migration may be held longer than about a second; the rest is for a machine that is busy.
LONGEST_WAIT = 3


def changes(migrations) -> list[str]:
    plan = (migrations / "sqitch.plan").read_text()
    return [line.split()[0] for line in plan.splitlines() if re.match(r"\w", line)]


@pytest.fixture
def former_deployment(former, deploy):
    """The former schema, filled, with a node of that release in front of it."""
    deployment = deploy(migrations=former.migrations)
    fill(deployment)
    deployment.add_node(programs=former.programs, drain_timeout="60s")
    return deployment


def assert_readable(deployment, rows: list[dict]) -> None:
    """Turns from before the upgrade are what they were."""
    client = ChatClient(deployment.nginx.url)
    for row in rows:
        token = signed(deployment, TURN, int(time.time()) + 600, row["identity_id"], row["id"])
        turn = Turn(client, {"turn": row["id"], "conversation": "", "token": token, "cursor": "1.0"}).read()
        assert (turn.state, turn.text) == (row["state"], row["text"])


def test_the_former_release_serves_while_its_database_is_upgraded_and_hands_over_to_the_present_one(
    former_deployment,
):
    deployment = former_deployment
    [former_node] = deployment.nodes
    nginx = deployment.add_nginx()
    scenarios = ("rate=0;tokens=50", "rate=100;tokens=60", "text=nasty;rate=0")
    models = [deployment.model(scenario) for scenario in scenarios]
    filling = sample(deployment)
    assert {row["state"] for row in filling} == {"done", "error", "cancelled", "interrupted"}

    # The schema changes under the feet of the former release. Not one request fails.
    with Load(deployment, models) as load, Writers(deployment) as writers:
        load.wait_for(5)
        deployment.postgres.deploy(deployment.database)
        load.wait_for(10)
    assert not load.seen()
    assert writers.slowest < LONGEST_WAIT
    assert_every_turn_ended_once(deployment, load)
    names = {row["name"] for row in deployment.sql.execute("select name from schema_change").fetchall()}
    assert set(changes(MIGRATIONS)) <= names
    assert_readable(deployment, filling)

    # The present release beside it: both serve, and read each other's turns while they live.
    present_node = deployment.add_node()
    there = deployment.add_nginx(present_node.addresses)
    slow = deployment.model("rate=20;tokens=400")
    visitor = deployment.client()
    long = visitor.start(model=slow.name).read_some(20)
    before = Turn(ChatClient(there.url), long.started).read_some(20)
    # A reload may cost a new connection, which is another test's: so not under load.
    workers = nginx.workers()
    nginx.reload([*former_node.addresses, *present_node.addresses])
    wait_until(lambda: nginx.workers() and not nginx.workers() & workers, "nginx to have reloaded")
    with Load(deployment, models) as load:
        load.wait_for(5, tag=1)
        load.wait_for(5, tag=2)

        # The former one goes. What it began it ends, and the present one tells it.
        former_node.drain()
        wait_until(lambda: "draining" in former_node.log.read_text(), "the drain to begin")
        assert former_node.process.exit_code is None
        before.read()
        assert former_node.wait(150) == 0
        load.wait_for(10)
    assert (before.state, before.text) == ("done", deployment.text(slow))
    # A start may come upon the node that goes; a poll never notices.
    # A start may also meet the end of a kept connection to the node that drains, which nginx tells as 502.
    assert set(load.seen()) <= {("start", 503, "draining"), ("start", 502, "none")}
    assert_every_turn_ended_once(deployment, load)
    for turn in [long, *load.finished[:3]]:
        again = Turn(ChatClient(there.url), {**turn.started, "cursor": "1.0"}).read()
        assert again.text == deployment.text(slow) if turn is long else again.text == turn.text
    assert_readable(deployment, filling)
    # A conversation goes on where the former release left it.
    model = deployment.model("rate=0;tokens=5")
    assert visitor.start("More", model=model.name, conversation=long.conversation).read().state == "done"
    messages = [message["content"] for message in deployment.upstream(model)[0]["body"]["messages"]]
    assert messages == ["Hello", before.text, "More"]


def test_the_present_release_refuses_the_former_schema_by_name(former, deploy):
    deployment = deploy(migrations=former.migrations)
    node = deployment.add_node(start=False)
    node.launch()
    assert node.wait() == 1
    log = node.log.read_text()
    needed = [name for name in changes(MIGRATIONS) if name not in changes(former.migrations)]
    assert any(name in log for name in needed)
    assert "sqitch deploy --verify" in log


def test_the_former_release_starts_on_the_present_schema(former, deploy):
    # Should the present one have to be taken back.
    deployment = deploy()
    deployment.add_node(programs=former.programs)
    deployment.add_nginx()
    model = deployment.model("rate=100;tokens=60")
    client = deployment.client()
    turn = client.start(model=model.name).read()
    assert (turn.state, turn.text) == ("done", deployment.text(model))
    assert client.start("More", model=model.name, conversation=turn.conversation).read().state == "done"
