"""Several nodes behind one nginx, which asks each for its own turns first; and what becomes of those of a node that is
gone, where the virtual model says `restart`."""

import time

import pytest
from chat_client import ChatClient, Turn
from deployment import by_tag
from load import birth_tag
from openai_client import Streamed, openai_client
from scrape import Scrape, until
from stack import wait_until

# The beginning of its answer is there at once, its end in minutes.
ENDLESS = "rate=20;tokens=5000"


@pytest.fixture
def several(deploy):
    """So many nodes with a tag each, and an nginx that knows them."""

    def make(count: int, **options: str):
        deployment = deploy()
        nodes = [deployment.add_node(**options) for _ in range(count)]
        deployment.add_nginx(by_tag(nodes), idle="2s")
        return deployment, nodes

    return make


def owner(deployment, nodes, turn):
    """The node that runs it now."""
    row = deployment.sql.execute(
        "select n.tag from turn t join node n on n.incarnation = t.owner where t.id = %s", [turn.id]
    ).fetchone()
    return next(node for node in nodes if int(node.settings["node_tag"]) == row["tag"])


def begun_anew(deployment, turn, restarts: int) -> None:
    wait_until(lambda: deployment.turn(turn.id)["restarts"] == restarts, "the turn to be begun anew", 60)


def through(deployment, node, turn) -> Turn:
    """A reader of its own, through that node alone."""
    return Turn(ChatClient(deployment.add_nginx([node.addresses[0]]).url), turn.started)


def total(deployment, turn) -> int:
    [row] = deployment.sql.execute("select count(*) as n from turn_delta where turn_id = %s and final", [turn.id])
    return row["n"]


# MARK: routing


def test_a_poll_goes_to_the_node_of_its_turn(several):
    deployment, nodes = several(3)
    client, model = deployment.client(), deployment.model(ENDLESS).name
    turns = [client.start(model=model).read_some(5) for _ in range(9)]
    # Below another path as well: nginx chooses when it has rewritten the path.
    below = ChatClient(f"{deployment.nginx.url}/below/another")
    for turn in turns:
        Turn(below, turn.started).read_some(5)
    looks = {int(node.settings["node_tag"]): Scrape.of(node) for node in nodes}
    for tag, look in looks.items():
        born = sum(birth_tag(turn) == tag for turn in turns)
        assert look["sluice_turns_live"] == born > 0
        # Nobody read what is another's.
        assert look["sluice_turns_mirrored"] == 0
        assert (look.sum("sluice_polls_total") > 0) == (born > 0)
    for turn in turns:
        turn.cancel()


def test_connections_are_kept_however_they_are_chosen(several):
    deployment, nodes = several(2)
    turn = deployment.client().start(model=deployment.model("rate=0;tokens=5").name).read()
    accepted = "sluice_connections_accepted_total"
    before = {node: Scrape.of(node) for node in nodes}
    for _ in range(100):
        assert turn.get(wait=0).status_code in (200, 429)
    made = sum(Scrape.of(node)[accepted] - look[accepted] for node, look in before.items())
    # Two workers, and what each kept before.
    assert made <= 4


def test_another_node_answers_for_one_that_is_gone(several):
    deployment, nodes = several(2)
    model = deployment.model(ENDLESS)
    turn = deployment.client().start(model=model.name).read_some(40)
    seen, cursor = turn.text, turn.cursor
    owner(deployment, nodes, turn).kill()
    # The very next poll, without a word of nginx's own.
    reply = turn.get(cursor="1.0")
    assert reply.status_code == 200 and reply.json()["events"]
    turn.read()
    assert (turn.state, turn.resets) == ("interrupted", 0)
    assert turn.text.startswith(seen) and deployment.text(model).startswith(turn.text)
    assert turn.get(cursor=cursor).status_code == 200


def test_a_cancel_on_any_node(several):
    deployment, nodes = several(3)
    model = deployment.model(ENDLESS)
    for node in nodes:
        turn = deployment.client().start(model=model.name).read_some(5)
        assert through(deployment, node, turn).cancel().status_code == 202
        assert turn.read().state == "cancelled"
    assert not deployment.simulator.open_streams(model.provider_model)


def test_one_query_a_tick_however_many_turns_are_watched(several):
    deployment, nodes = several(2)
    [one, other] = nodes
    model = deployment.model("rate=1;tokens=5000").name
    client = ChatClient(deployment.add_nginx([one.addresses[0]]).url)
    client.open_session()
    turns = [client.start(model=model) for _ in range(60)]
    transactions = 'sluice_database_transaction_seconds_count{pool="common"}'
    rates = []
    for count in (1, 60):
        elsewhere = ChatClient(deployment.add_nginx([other.addresses[0]]).url)
        for turn in turns[:count]:
            # One identity is told to look up no more at once.
            reader = Turn(elsewhere, turn.started)
            wait_until(lambda: reader.get(wait=0).status_code == 200, "a mirror")
        before, begun = Scrape.of(other), time.monotonic()
        assert before["sluice_turns_mirrored"] == count
        # So many ticks of 25 ms.
        wait_until(lambda: Scrape.of(other)[transactions] - before[transactions] >= 80, "eighty queries", 30)
        rates.append((Scrape.of(other)[transactions] - before[transactions]) / (time.monotonic() - begun))
    # Forty a second, and what a node asks by itself; not forty for each turn.
    assert max(rates) < 60
    for turn in turns:
        turn.cancel()


# MARK: restart


def test_a_dead_nodes_turn_starts_over_on_another_and_ends_whole(several):
    deployment, nodes = several(2)
    model = deployment.model("rate=50;tokens=200", on_interrupt="restart")
    turn = deployment.client().start(model=model.name).read_some(80)
    dead = owner(deployment, nodes, turn)
    [heir] = [node for node in nodes if node != dead]
    dead.kill()
    turn.read()
    assert (turn.state, turn.resets) == ("done", 1)
    assert turn.text == deployment.text(model)
    assert turn.another_reader().read().text == turn.text
    row = deployment.turn(turn.id)
    assert (row["epoch"], row["restarts"]) == (2, 1) and total(deployment, turn) == 1
    assert len(deployment.upstream(model)) == 2
    assert Scrape.of(heir)["sluice_turns_adopted_total"] == 1
    # The conversation goes on, and knows the answer once.
    following = deployment.model("rate=0;tokens=5")
    client = turn.client
    assert client.start("More", model=following.name, conversation=turn.conversation).read().state == "done"
    messages = deployment.upstream(following)[0]["body"]["messages"]
    assert [m["content"] for m in messages if m["role"] == "assistant"] == [turn.text]


def test_what_a_client_brought_beside_its_message_is_asked_again(several):
    """A completion's history is its own, whoever begins it anew; its stream has ended with its node."""
    deployment, nodes = several(2)
    model = deployment.model("rate=50;tokens=200", on_interrupt="restart")
    words = [("system", "Be brief."), ("user", "One?"), ("assistant", "Two."), ("user", "Three?")]
    messages = [{"role": role, "content": text} for role, text in words]
    client = openai_client(deployment.nginx.url, deployment.client().token)
    Streamed(client, model=model.name, messages=messages, temperature=0.5).read_some()
    [row] = deployment.sql.execute("select t.id, n.tag from turn t join node n on n.incarnation = t.owner").fetchall()
    nodes[row["tag"] - 1].kill()
    wait_until(lambda: deployment.turn(row["id"])["state"] == "done", "it to end elsewhere", 60)
    first, second = (request["body"] for request in deployment.upstream(model))
    assert first["messages"] == second["messages"] == messages
    assert first["temperature"] == second["temperature"] == 0.5
    kept = deployment.sql.execute("select parts -> 0 ->> 'text' as text from message where role = 'assistant'").fetchone()
    assert kept["text"] == deployment.text(model)


def test_how_long_it_lives_unread_stays_as_its_start_had_it(several):
    deployment, nodes = several(2)
    model = deployment.model(ENDLESS, on_interrupt="restart")
    turn = deployment.client().start(model=model.name).read_some(40)
    deployment.sql.execute("update virtual_model set abandon_after_ms = 1000 where name = %s", [model.name])
    owner(deployment, nodes, turn).kill()
    begun_anew(deployment, turn, 1)
    for _ in range(2):
        unread = deployment.client().start(model=model.name)
        wait_until(lambda: deployment.turn(unread.id)["state"] == "cancelled", "an unread turn to be cancelled", 60)
    assert deployment.turn(turn.id)["state"] == "streaming"
    turn.cancel()


@pytest.mark.parametrize("durability", ["commit", "relaxed"])
def test_the_third_interruption_ends_it(several, durability):
    deployment, nodes = several(3)
    model = deployment.model(ENDLESS, on_interrupt="restart", durability=durability)
    turn = deployment.client().start(model=model.name).read_some(40)
    for restart in (1, 2):
        dead = owner(deployment, nodes, turn)
        dead.kill()
        begun_anew(deployment, turn, restart)
        dead.start()
        turn.read(until=lambda turn: turn.resets == restart and len(turn.text) > 40)
    seen = turn.text
    owner(deployment, nodes, turn).kill()
    turn.read()
    assert turn.state == "interrupted" and deployment.text(model).startswith(turn.text)
    # What was seen before its commit may be lost with its node: then it is told once more.
    assert turn.resets == (3 if durability == "relaxed" else 2)
    assert durability == "relaxed" or turn.text.startswith(seen)
    row = deployment.turn(turn.id)
    assert (row["epoch"], row["restarts"]) == (turn.resets + 1, 2) and total(deployment, turn) == 1
    assert turn.another_reader().read().text == turn.text


def test_readers_on_every_node_are_told_that_it_starts_over(several):
    deployment, nodes = several(3)
    model = deployment.model("rate=50;tokens=400", on_interrupt="restart")
    turn = deployment.client().start(model=model.name).read_some(40)
    dead = owner(deployment, nodes, turn)
    # Both have a mirror: the one that will run it, and the one that will not.
    readers = [through(deployment, node, turn).read_some(40) for node in nodes if node != dead]
    dead.kill()
    begun_anew(deployment, turn, 1)
    for reader in readers:
        reader.read()
        assert (reader.state, reader.resets, reader.text) == ("done", 1, deployment.text(model))
    for node in nodes:
        # Neither the mirrors of the former epoch nor that of the heir are left.
        assert node == dead or until(node, lambda now: now["sluice_turns_mirrored"] == 0, "its mirrors to go")


def test_who_asked_to_cancel_a_dead_nodes_turn_gets_it(several):
    deployment, nodes = several(2)
    model = deployment.model(ENDLESS, on_interrupt="restart")
    turn = deployment.client().start(model=model.name).read_some(40)
    owner(deployment, nodes, turn).kill()
    assert turn.cancel().status_code == 202
    turn.read()
    assert (turn.state, turn.resets) == ("cancelled", 0)
    assert deployment.turn(turn.id)["restarts"] == 0


def test_a_turn_that_was_begun_anew_can_be_cancelled(several):
    deployment, nodes = several(2)
    model = deployment.model(ENDLESS, on_interrupt="restart")
    turn = deployment.client().start(model=model.name).read_some(40)
    owner(deployment, nodes, turn).kill()
    begun_anew(deployment, turn, 1)
    assert turn.cancel().status_code == 202
    assert turn.read().state == "cancelled"
    wait_until(lambda: not deployment.simulator.open_streams(model.provider_model), "the upstream to be closed")


def test_a_node_takes_no_more_than_it_has_places_for(several):
    deployment, [mortal] = several(1)
    deployment.add_node(turn_limit="2")
    deployment.nginx.reload(by_tag(deployment.nodes))
    model = deployment.model("rate=50;tokens=100", on_interrupt="restart")
    slow = deployment.model("rate=1;tokens=5000", on_interrupt="restart")
    client = ChatClient(deployment.add_nginx([mortal.addresses[0]]).url)
    client.open_session()
    turns = [Turn(deployment.client(), client.start(model=slow.name).started)]
    turns += [Turn(deployment.client(), client.start(model=model.name).started) for _ in range(4)]
    mortal.kill()
    most = 0
    running = (
        "select count(*) as n from turn t join node n on n.incarnation = t.owner where t.state = 'streaming' and n.tag = 2"
    )

    def ended() -> bool:
        nonlocal most
        most = max(most, deployment.sql.execute(running).fetchone()["n"])
        return all(deployment.turn(turn.id)["state"] == "done" for turn in turns[1:])

    # One after another, as those before have ended: one place is taken by the slow one, if that came first.
    wait_until(ended, "all of them to be begun anew and to end", 60)
    assert most <= 2
    assert {deployment.turn(turn.id)["restarts"] for turn in turns} == {1}
    turns[0].cancel()


# MARK: drain


def test_a_draining_node_leaves_its_turns_to_another(several):
    deployment, nodes = several(2, drain_timeout="1s")
    client = deployment.client()
    model = deployment.model("rate=50;tokens=400", on_interrupt="restart")
    kept = deployment.model(ENDLESS)
    turn = client.start(model=model.name).read_some(40)
    going = owner(deployment, nodes, turn)
    other = deployment.client().start(model=kept.name).read_some(5)
    while owner(deployment, nodes, other) != going:
        other.cancel()
        other = deployment.client().start(model=kept.name).read_some(5)
    going.drain()
    turn.read()
    assert (turn.state, turn.resets) == ("done", 1)
    assert turn.text == deployment.text(model)
    assert deployment.turn(turn.id)["restarts"] == 1 and total(deployment, turn) == 1
    # What is to be kept ends with the text so far, as without others.
    other.read()
    assert (other.state, other.resets) == ("interrupted", 0)
    assert going.wait(90) == 0
    log = going.log.read_text()
    assert "turns left to other nodes" in log and "left behind" not in log
    assert not any("voided a node" in node.log.read_text() for node in nodes)


def test_a_lone_node_that_drains_ends_its_turns(several):
    deployment, [node] = several(1, drain_timeout="1s")
    model = deployment.model(ENDLESS, on_interrupt="restart")
    turn = deployment.client().start(model=model.name).read_some(40)
    node.drain()
    turn.read()
    assert (turn.state, turn.resets) == ("interrupted", 0)
    assert node.wait(90) == 0
    assert deployment.turn(turn.id)["restarts"] == 0
