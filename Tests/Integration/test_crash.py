"""Nothing a client has seen is lost, whatever dies."""

import pytest
from stack import wait_until


def assert_ended_once(deployment, turn, state):
    rows = deployment.sql.execute(
        "select final from turn_delta where turn_id = %s order by epoch, seq", [turn.id]
    ).fetchall()
    assert [row["final"] for row in rows].count(True) == 1
    row = deployment.turn(turn.id)
    assert row["state"] == state
    live = deployment.sql.execute("select live_turn from conversation where id = %s", [row["conversation_id"]])
    assert live.fetchone()["live_turn"] is None


def test_a_killed_node_loses_nothing_that_was_seen(deploy):
    deployment = deploy()
    node = deployment.add_node()
    deployment.add_nginx()
    client = deployment.client()
    model = deployment.model("rate=50;tokens=2000")
    turn = client.start(model=model.name).read_some(80)
    seen, cursor = turn.text, turn.cursor
    node.kill()
    node.start()
    # The same reader goes on at its cursor: no gap, no reset.
    turn.read()
    assert turn.state == "interrupted"
    assert turn.resets == 0
    assert turn.text.startswith(seen)
    assert deployment.text(model).startswith(turn.text)
    again = turn.another_reader().read()
    assert again.text == turn.text
    assert turn.get(cursor=cursor).status_code == 200
    assert_ended_once(deployment, turn, "interrupted")
    # The conversation goes on, with the partial answer in its history.
    following = deployment.model("rate=0;tokens=5")
    assert client.start("More", model=following.name, conversation=turn.conversation).read().state == "done"
    messages = deployment.upstream(following)[0]["body"]["messages"]
    assert [m["content"] for m in messages if m["role"] == "assistant"] == [turn.text]


def test_a_node_killed_before_the_first_token(deploy):
    deployment = deploy()
    node = deployment.add_node()
    deployment.add_nginx()
    model = deployment.model("fault=stallheaders")
    turn = deployment.client().start(model=model.name)
    wait_until(lambda: deployment.upstream(model), "the request to reach the provider")
    node.kill()
    node.start()
    turn.read()
    assert (turn.state, turn.text) == ("interrupted", "")
    assert_ended_once(deployment, turn, "interrupted")


def test_the_other_node_ends_the_turns_of_a_dead_one(deploy):
    deployment = deploy()
    owner, other = deployment.add_node(), deployment.add_node()
    nginx = deployment.add_nginx(owner.addresses)
    turn = deployment.client().start(model=deployment.model("rate=50;tokens=2000").name).read_some(40)
    seen = turn.text
    owner.kill()
    nginx.reload(other.addresses)
    turn.read()
    assert turn.state == "interrupted"
    assert turn.text.startswith(seen)
    assert_ended_once(deployment, turn, "interrupted")


def test_a_cancelled_turn_of_a_dead_node_ends_cancelled(deploy):
    deployment = deploy()
    node = deployment.add_node()
    deployment.add_nginx()
    turn = deployment.client().start(model=deployment.model("rate=50;tokens=2000").name).read_some(40)
    node.kill()
    deployment.sql.execute("update turn set cancel_requested_at = now() where id = %s", [turn.id])
    node.start()
    assert turn.read().state == "cancelled"
    assert_ended_once(deployment, turn, "cancelled")


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_restart_of_postgresql_is_survived_in_mid_turn(own_postgres, deploy, mode):
    deployment = deploy(own_postgres)
    deployment.add_node()
    deployment.add_nginx()
    model = deployment.model("rate=100;tokens=300")
    turn = deployment.client().start(model=model.name).read_some(80)
    own_postgres.restart(mode)
    deployment.connect()
    turn.read()
    assert turn.state == "done"
    assert turn.resets == 0
    assert turn.text == deployment.text(model)
    assert_ended_once(deployment, turn, "done")


def test_a_frozen_node_comes_back_and_serves_on(deploy):
    deployment = deploy()
    node = deployment.add_node()
    deployment.add_nginx()
    model = deployment.model("rate=100;tokens=200")
    turn = deployment.client().start(model=model.name).read_some(40)
    node.pause()
    lease = "select lease_until < clock_timestamp() as lapsed from node"
    wait_until(lambda: deployment.sql.execute(lease).fetchone()["lapsed"], "the lease to lapse")
    node.resume()
    # Nobody else was there to void it: it keeps its turns.
    turn.read()
    assert turn.state == "done"
    assert turn.text == deployment.text(model)
    assert_ended_once(deployment, turn, "done")


def test_a_frozen_node_that_was_voided_drops_its_turns(deploy):
    deployment = deploy()
    owner, other = deployment.add_node(), deployment.add_node()
    nginx = deployment.add_nginx(owner.addresses)
    turn = deployment.client().start(model=deployment.model("rate=50;tokens=2000").name).read_some(40)
    seen = turn.text
    owner.pause()
    wait_until(lambda: deployment.turn(turn.id)["state"] == "interrupted", "the other node's verdict", 60)
    owner.resume()
    # Through the owner that was wrong about itself: the verdict stands, and nothing that was seen is taken back.
    turn.read()
    assert turn.state == "interrupted"
    assert turn.resets == 0
    assert turn.text.startswith(seen)
    wait_until(lambda: "voided" in owner.log.read_text(), "the owner to learn of it")
    assert_ended_once(deployment, turn, "interrupted")
    # It goes on as a new incarnation.
    wait_until(owner.is_ready, "the owner to be ready again", 30)
    assert deployment.client(nginx).ask(model=deployment.model("rate=0;tokens=5").name)["state"] == "done"


def test_a_relaxed_turn_of_a_dead_node_starts_over(deploy):
    deployment = deploy()
    node = deployment.add_node()
    deployment.add_nginx()
    model = deployment.model("rate=100;tokens=4000", durability="relaxed")
    turn = deployment.client().start(model=model.name).read_some(200)
    node.kill()
    node.start()
    turn.read()
    # What it saw may not have been committed: it is told so, and has what was.
    assert turn.state == "interrupted"
    assert turn.resets == 1
    assert deployment.text(model).startswith(turn.text)
    assert turn.another_reader().read().text == turn.text
    assert deployment.turn(turn.id)["epoch"] == 2
    assert_ended_once(deployment, turn, "interrupted")


def test_sessions_cut_by_the_database_are_survived_in_mid_turn(deploy):
    deployment = deploy()
    deployment.add_node()
    deployment.add_nginx()
    model = deployment.model("rate=100;tokens=300")
    turn = deployment.client().start(model=model.name).read_some(40)
    for _ in range(5):
        deployment.sql.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        length = len(turn.text)
        turn.read(until=lambda turn: len(turn.text) > length)
    turn.read()
    assert turn.state == "done"
    assert turn.resets == 0
    assert turn.text == deployment.text(model)
    assert_ended_once(deployment, turn, "done")
