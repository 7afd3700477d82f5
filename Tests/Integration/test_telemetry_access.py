"""What /metrics says of revocations and merged identities, while the database answers and while it does not."""

import os
import signal

from people import back_end, code, error, identity, redeem
from scrape import Scrape, moves, until
from stack import wait_until
from test_outage import processes_of

# Within so many seconds every node knows.
PROMISE_S = 5


@moves("sluice_revocations_age_seconds")
def test_a_node_without_database_judges_by_what_it_knows(own_postgres, deploy):
    deployment = deploy(own_postgres)
    node = deployment.add_node()
    deployment.add_nginx()
    revoked, free = deployment.client(), deployment.client()
    model = deployment.model("rate=20;tokens=100000").name
    turns = [client.start(model=model).read_some(1) for client in (revoked, free)]
    deployment.insert("revocation", identity_id=identity(revoked))
    wait_until(lambda: turns[0].get().status_code == 401, "the revocation", PROMISE_S)
    calm = Scrape.of(node)["sluice_revocations_age_seconds"]
    frozen = processes_of(own_postgres)
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        late = until(node, lambda now: now["sluice_revocations_age_seconds"] > PROMISE_S, "the age to show")
        assert late["sluice_revocations_age_seconds"] > calm
        assert turns[0].get(wait=0).status_code == 401
        assert turns[1].get(wait=0).status_code == 200
        # A revocation may be on its way: no token gives another one now.
        for path, body in (("/chat/session", {"surface": "web"}), ("/chat/links", None)):
            assert error(free.request("POST", path, json=body)) == (503, "unavailable")
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
    until(node, lambda now: now["sluice_revocations_age_seconds"] < PROMISE_S, "it to be read again")
    assert turns[0].get(wait=0).status_code == 401
    for turn in turns:
        deployment.sql.execute("update turn set cancel_requested_at = now() where id = %s", [turn.id])


@moves("sluice_revocations", "sluice_merged_identities", "sluice_bound_hits_total", "sluice_refusals_total")
def test_what_a_node_knows_is_counted_and_bounded(deploy):
    deployment = deploy()
    trusted = back_end(deployment, "desk", trusted=True)
    node = deployment.add_node()
    deployment.add_nginx()
    before = Scrape.of(node)
    owner, visitor, late = (deployment.client() for _ in range(3))
    ticket = code(owner)
    assert redeem(visitor, ticket).status_code == 200
    refusals = {
        "link_code_used": lambda: redeem(late, ticket),
        "invalid_link_code": lambda: redeem(late, "v1"),
        "link_refused": lambda: redeem(trusted.user(None), ticket),
        "untrusted_surface": lambda: late.request("POST", "/chat/links", json={"surface": "web", "external_id": "x"}),
    }
    turn = late.start(model=deployment.model("rate=20;tokens=5000").name).read_some(1)
    refusals["identity_busy"] = lambda: redeem(late, code(owner))
    for name, ask in refusals.items():
        assert error(ask())[1] == name
    turn.cancel()
    changes = Scrape.of(node).since(before)
    assert {name: changes[f'sluice_refusals_total{{code="{name}"}}'] for name in refusals} == dict.fromkeys(refusals, 1)
    assert changes["sluice_merged_identities"] == 1
    newest = identity(owner)
    deployment.sql.execute(
        "insert into revocation (jti, created_at)"
        " select n::text, now() - interval '1 second' from generate_series(1, 100001) n"
    )
    deployment.insert("revocation", identity_id=newest)
    hit = 'sluice_bound_hits_total{bound="revocations"}'
    full = until(node, lambda now: now.since(before).get(hit), "the bound to be hit")
    # The newest is there all the same, in a table of its own.
    assert full["sluice_revocations"] >= 100_000
    wait_until(lambda: owner.request("GET", "/chat/links").status_code == 401, "the newest to count", PROMISE_S)
    assert "more revocations or merged identities than a node remembers" in node.log.read_text()
