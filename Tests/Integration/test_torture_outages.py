"""PostgreSQL and nginx are restarted at random moments under load: every turn comes out whole."""

import time

from crowd import Crowd, several_nodes
from endurance import KILLS, say, seeded, sizes
from ends import assert_ended_as_seen, watch_ends
from stack import wait_until


@sizes(4, max(1, KILLS // 4))
def test_outages_of_postgresql_cost_no_turn_and_no_byte(own_postgres, deploy, times):
    dice = seeded()
    deployment = deploy(own_postgres)
    watch_ends(deployment)
    nodes = several_nodes(deployment, 2)
    outages = {
        "fast": lambda: own_postgres.restart("fast"),
        "immediate": lambda: own_postgres.restart("immediate"),
        "cut": deployment.throw_out,
        "flushers cut": lambda: deployment.throw_out("sluice flush"),
    }
    waited = 0.0
    with Crowd(deployment, dice) as crowd:
        for outage in range(1, times + 1):
            waited += crowd.flow()
            time.sleep(dice.uniform(0, 0.5))
            # In `make test` one of each.
            name = list(outages)[outage % 4] if times == 4 else dice.choice(list(outages))
            outages[name]()
            if name in ("fast", "immediate"):
                deployment.connect()
            if outage % 10 == 0:
                say(f"{outage} outages, {len(crowd.finished)} turns ended")
        crowd.flow()
    say(f"{times} outages, {waited / times:.1f} s until all flowed again, {dict(crowd.states())}, {dict(crowd.seen())}")
    # The nodes never took each other for dead. What needs the database was told to come again: so are polls of turns
    # that a node did not run or follow before.
    assert not any("void" in node.log.read_text() for node in nodes)
    assert {(status, code) for _, status, code in crowd.seen()} <= {(503, "unavailable")}
    assert_ended_as_seen(deployment, crowd, dice)


@sizes(5, max(1, KILLS // 2))
def test_reloads_of_nginx_fail_no_poll(deploy, times):
    dice = seeded()
    deployment = deploy()
    watch_ends(deployment)
    nodes = several_nodes(deployment, 2)
    nginx = deployment.nginx
    with Crowd(deployment, dice) as crowd:
        for reload in range(1, times + 1):
            crowd.flow()
            time.sleep(dice.uniform(0, 0.3))
            former = nginx.workers()
            nginx.reload([address for node in dice.sample(nodes, dice.randint(1, 2)) for address in node.addresses])
            wait_until(lambda: nginx.workers() - former, "new workers")
            if reload % 20 == 0:
                say(f"{reload} reloads, {len(crowd.finished)} turns ended")
        crowd.flow()
    say(f"{times} reloads, {dict(crowd.states())}, {dict(crowd.seen())}")
    # A connection that nginx closed while it lay idle is no answer at all: the client asks again.
    assert {(status, code) for _, status, code in crowd.seen()} <= {(0, "connection")}
    assert_ended_as_seen(deployment, crowd, dice)
