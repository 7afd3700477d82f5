"""Nodes die and freeze at random moments under load: nothing that was seen is lost, and every turn ends once."""

import time

from crowd import Crowd, several_nodes
from endurance import KILLS, say, seeded, sizes, torture
from ends import assert_ended_as_seen, watch_ends
from stack import wait_until

# Who may judge has had contact for a lease, and the dead one's lease has lapsed: 10 s each, at the same time.
JUDGES_AFTER_S = 13
# So many of the turns a killed node must have: one that has just come back is not asked by nginx for seconds.
BITE = 5


def tag(node) -> int:
    return int(node.settings["node_tag"])


def victims(nodes, born, crowd):
    """Those with turns to lose; the eldest only once it has judged who was killed before, or nobody ever would."""
    crowd.fill()
    eldest = min(nodes, key=born.get)
    ripe = [node for node in nodes if node != eldest or time.monotonic() - born[node] > JUDGES_AFTER_S]
    return [node for node in ripe if len(crowd.live(tag(node))) >= BITE]


@sizes(6, KILLS)
def test_kills_at_random_moments_lose_nothing_that_was_seen(deploy, times):
    deployment, crowd, orphans, dice = killed_at_random_moments(deploy, times)
    # They struck: most of the turns on a killed node did not live to see their end.
    assert crowd.states()["interrupted"] > orphans / 2 > 0
    assert_ended_as_seen(deployment, crowd, dice)


@torture(max(1, KILLS // 4))
def test_kills_at_random_moments_let_turns_start_over(deploy, times):
    deployment, crowd, orphans, dice = killed_at_random_moments(deploy, times, restart=True)
    # Who is interrupted was begun anew twice before.
    assert all(reader.resets >= 2 for reader in crowd.finished if reader.state == "interrupted")
    [begun] = deployment.sql.execute("select sum(restarts) as n, max(restarts) as most from turn").fetchall()
    say(f"{begun['n']} begun anew, {crowd.states()['interrupted']} given up")
    assert begun["n"] > orphans / 2 > 0 and begun["most"] <= 2
    assert_ended_as_seen(deployment, crowd, dice)


def killed_at_random_moments(deploy, times, restart=False):
    """Three nodes under a crowd, one of which is killed, again and again; how many turns lost their node in all."""
    dice = seeded()
    deployment = deploy()
    watch_ends(deployment)
    nodes = several_nodes(deployment, 3, tagged=restart)
    born = {node: time.monotonic() for node in nodes}
    orphans, waited = 0, 0.0
    with Crowd(deployment, dice, mortal=True, restart=restart) as crowd:
        for kill in range(1, times + 1):
            waited += crowd.flow()
            victim = dice.choice(wait_until(lambda: victims(nodes, born, crowd), "a node to bear turns", 30))
            time.sleep(dice.uniform(0, 0.5))
            orphans += len(crowd.live(tag(victim)))
            victim.kill()
            crowd.orphan(tag(victim))
            victim.launch()
            born[victim] = time.monotonic()
            if kill % 10 == 0:
                say(f"{kill} kills, {len(crowd.finished)} turns ended, {len(crowd.threads)} visitors")
        crowd.flow()
        for node in nodes:
            wait_until(node.is_ready, f"{node.name} to be ready", 30, node.log)
    say(f"{times} kills, {orphans} orphans, {waited / times:.1f} s until all flowed again")
    say(f"{dict(crowd.states())}, {dict(crowd.seen())}")
    return deployment, crowd, orphans, dice


@torture(max(1, KILLS // 20))
def test_frozen_nodes_come_back_to_a_verdict_that_stands(deploy, times):
    """Some thaw before they are voided and keep their turns, some in the middle of it, some long after."""
    dice = seeded()
    deployment = deploy()
    watch_ends(deployment)
    nodes = several_nodes(deployment, 3)
    dead: set[str] = set()
    with Crowd(deployment, dice, turns=20, mortal=True) as crowd:
        for freeze in range(1, times + 1):
            crowd.flow()
            victim = dice.choice(
                wait_until(lambda: [n for n in nodes if len(crowd.live(tag(n))) >= BITE], "a node to bear turns")
            )
            time.sleep(dice.uniform(0, 0.5))
            crowd.orphan(tag(victim))
            victim.pause()
            # The first one comes too late for certain.
            spans = [(14, 20), (6, 11), (10, 12)][: 1 if freeze == 1 else 3]
            thaw = time.monotonic() + dice.uniform(*dice.choice(spans))
            while time.monotonic() < thaw:
                crowd.fill()
                crowd.must_be_well()
                time.sleep(0.05)
            victim.resume()
            wait_until(victim.is_ready, f"{victim.name} to be ready again", 30, victim.log)
            dead |= voided(deployment)
            say(f"{freeze} freezes, {len(dead)} voided, {len(crowd.finished)} turns ended")
        crowd.flow()
    say(f"{times} freezes, {len(dead)} voided, {dict(crowd.states())}, {dict(crowd.seen())}")
    assert crowd.states()["interrupted"] > 0 and dead
    # Neither the verdict nor a chunk was written over, and its readers have seen that very verdict.
    assert_ended_as_seen(deployment, crowd, dice)


def voided(deployment) -> set[str]:
    rows = deployment.sql.execute("select incarnation::text from node where voided_at is not null").fetchall()
    return {row["incarnation"] for row in rows}
