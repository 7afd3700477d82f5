"""A node with many turns dies, freezes or loses its database: each turn gets one end, in time, and nobody loses a word."""

import time

import pytest
from crowd import Crowd, several_nodes
from endurance import say, seeded, sizes
from ends import assert_ended_as_seen, watch_ends
from load import birth_tag
from stack import wait_until

LEASE_S = 10


def busiest(nodes, crowd):
    """The node with the most turns to lose."""
    return max(nodes, key=lambda node: len(crowd.live(tag(node))))


def tag(node) -> int:
    return int(node.settings["node_tag"])


def owned(deployment, node) -> int:
    """Live turns in the name of this node's incarnations."""
    query = "select count(*) as n from turn join node on incarnation = owner where state = 'streaming' and tag = %s"
    return deployment.sql.execute(query, [tag(node)]).fetchone()["n"]


def verdicts(deployment) -> list[float]:
    """Of each node that was voided and had not left, how long after its lease, in seconds by the database's clock."""
    query = (
        "select extract(epoch from voided_at - lease_until)::float as late from node"
        " where voided_at is not null and lease_until > renewed_at"
    )
    return [row["late"] for row in deployment.sql.execute(query).fetchall()]


def gather(crowd) -> None:
    """Waits until the crowd flows and all nodes may judge."""
    crowd.flow()
    begun = time.monotonic()
    while time.monotonic() - begun < LEASE_S + 1:
        crowd.must_be_well()
        crowd.fill()
        time.sleep(0.05)
    crowd.flow()


@pytest.mark.parametrize("restart", [False, True], ids=["keep", "restart"])
@sizes(40, 200)
def test_a_killed_nodes_turns_get_one_end_each(deploy, times, restart):
    dice, deployment = seeded(), deploy()
    watch_ends(deployment)
    nodes = several_nodes(deployment, 3, tagged=True)
    with Crowd(deployment, dice, turns=times, mortal=not restart, restart=restart) as crowd:
        gather(crowd)
        victim = busiest(nodes, crowd)
        orphans = {reader.id for reader in crowd.live(tag(victim))}
        victim.kill()
        crowd.orphan(tag(victim))
        crowd.flow()
        wait_until(lambda: owned(deployment, victim) == 0, "its turns to be judged", 60)
    [late] = verdicts(deployment)
    restarts = sum(deployment.turn(turn)["restarts"] for turn in orphans)
    say(f"{len(orphans)} orphans, voided {late:.2f} s after the lease, {restarts} begun anew, {dict(crowd.states())}")
    assert 0 <= late <= 2
    assert len(orphans) >= times // 5
    assert (restarts > len(orphans) / 2) if restart else (restarts == 0)
    interrupted = [reader for reader in crowd.finished if reader.state == "interrupted"]
    assert {birth_tag(reader) for reader in interrupted} == (set() if restart else {tag(victim)})
    assert restart or len(interrupted) > len(orphans) / 2
    assert_ended_as_seen(deployment, crowd, dice)


@sizes(40, 200)
def test_a_frozen_nodes_turns_get_one_end_each(deploy, times):
    dice, deployment = seeded(), deploy()
    watch_ends(deployment)
    nodes = several_nodes(deployment, 3, tagged=True)
    with Crowd(deployment, dice, turns=times, mortal=True) as crowd:
        gather(crowd)
        victim = busiest(nodes, crowd)
        orphans = crowd.live(tag(victim))
        crowd.orphan(tag(victim))
        victim.pause()
        wait_until(lambda: verdicts(deployment), "the verdict", 60)
        wait_until(lambda: owned(deployment, victim) == 0, "its turns to be judged", 60)
        victim.resume()
        wait_until(lambda: "was voided" in victim.log.read_text(), "it to learn of that")
        crowd.flow()
    [late] = verdicts(deployment)
    say(f"{len(orphans)} orphans, voided {late:.2f} s after the lease, {dict(crowd.states())}, {dict(crowd.seen())}")
    assert 0 <= late <= 2
    assert crowd.states()["interrupted"] >= len(orphans) / 2 > 0
    assert_ended_as_seen(deployment, crowd, dice)


@sizes(40, 200)
def test_a_node_whose_connections_are_cut_all_the_time(own_postgres, deploy, times):
    """For longer than a lease. Whether it can renew that in between or is voided: its turns get one end each."""
    dice, deployment = seeded(), deploy(own_postgres)
    watch_ends(deployment)
    nodes = several_nodes(deployment, 3, tagged=True)
    # By its user's name its connections are told from the others'.
    deployment.sql.execute("create role sluice_cut login in role sluice_app")
    victim = nodes[0]
    victim.drain()
    assert victim.wait() == 0
    victim.settings["database"] = victim.settings["database"].replace("user=sluice_app", "user=sluice_cut")
    victim.start()
    cuts = 0
    with Crowd(deployment, dice, turns=times, mortal=True) as crowd:
        gather(crowd)
        bears = lambda: len(crowd.live(tag(victim))) >= times // 6
        wait_until(lambda: crowd.fill() or bears(), "it to bear turns", 60)
        end = time.monotonic() + LEASE_S + 5
        while time.monotonic() < end:
            rows = deployment.sql.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'sluice_cut'"
            ).fetchall()
            cuts += len(rows)
            crowd.fill()
            crowd.must_be_well()
            time.sleep(dice.uniform(0, 0.3))
        crowd.flow()
    say(f"{cuts} cuts, verdicts {verdicts(deployment)}, {dict(crowd.states())}, {dict(crowd.seen())}")
    assert cuts > 20
    assert all(0 <= late <= 2 for late in verdicts(deployment))
    assert sum(birth_tag(reader) == tag(victim) for reader in crowd.finished) >= times // 6
    assert_ended_as_seen(deployment, crowd, dice)


@sizes(40, 200)
def test_a_restart_of_postgresql_under_many_turns(own_postgres, deploy, times):
    dice, deployment = seeded(), deploy(own_postgres)
    watch_ends(deployment)
    nodes = several_nodes(deployment, 3, tagged=True)
    with Crowd(deployment, dice, turns=times) as crowd:
        gather(crowd)
        for mode in ("fast", "immediate"):
            own_postgres.restart(mode)
            deployment.connect()
            crowd.flow()
    say(f"{dict(crowd.states())}, {dict(crowd.seen())}")
    # Nobody took another one for dead, and every turn came out whole.
    assert not verdicts(deployment)
    assert set(crowd.states()) == {"done"}
    assert_ended_as_seen(deployment, crowd, dice)
