"""What /metrics says of conversations that their surface keeps no longer, and what becomes of them."""

import uuid

from scrape import Scrape, moves, until
from stack import wait_until


@moves("sluice_conversations_expired_total")
def test_conversations_go_when_their_surface_keeps_none_so_old(deploy):
    deployment = deploy()
    deployment.sql.execute("update surface set retention_days = 30 where name = 'web'")
    ids = {
        row["name"]: row["id"]
        for row in deployment.sql.execute("select name, id from surface where name in ('web', 'slow')").fetchall()
    }
    identity = deployment.insert("identity", kind="anonymous")["id"]
    old, young, elsewhere = (uuid.uuid4() for _ in range(3))
    turn = uuid.UUID("01a1fd74-bc3b-7001-8000-5d1c6f0a9b2e")
    for id, surface, days in [(old, "web", 31), (young, "web", 29), (elsewhere, "slow", 3000)]:
        deployment.sql.execute(
            "insert into conversation (id, identity_id, surface_id, updated_at)"
            " values (%s, %s, %s, now() - %s * interval '1 day')",
            [id, identity, ids[surface], days],
        )
        deployment.insert("message", conversation_id=id, id=uuid.uuid4(), role="user", parts="[]")
    deployment.sql.execute(
        "insert into turn (id, conversation_id, identity_id, surface_id, user_message_id, message_id, model_name,"
        " durability, on_interrupt, owner, state, chunks, ended_at, metadata)"
        " values (%s, %s, %s, %s, gen_random_uuid(), gen_random_uuid(), 'm', 'commit', 'keep', gen_random_uuid(),"
        """ 'done', 1, now(), '{"note": "canary-of-a-person"}')""",
        [turn, old, identity, ids["web"]],
    )
    # Nobody may hold the node's housekeeping up; the test does, to look at what goes on meanwhile.
    name = deployment.database
    deployment.sql.execute(
        f"alter role sluice_app in database \"{name}\" set lock_timeout = '60s';"
        f"alter role sluice_app in database \"{name}\" set statement_timeout = '60s'"
    )
    with deployment.sql.transaction():
        deployment.sql.execute("select from turn where id = %s for update", [turn])
        node = deployment.add_node()
        nginx = deployment.add_nginx()
        waits = (
            "select count(*) as n from pg_stat_activity where datname = current_database()"
            " and wait_event_type = 'Lock' and query like '%conversation_expire%' and pid <> pg_backend_pid()"
        )
        wait_until(lambda: deployment.sql.execute(waits).fetchone()["n"], "the node to be at it")
        Scrape.of(node)
        # On the same surface.
        assert deployment.client(nginx).ask(model=meanwhile(deployment))["state"] == "done"
    until(node, lambda now: now["sluice_conversations_expired_total"] == 1, "the old one to go")
    left = {row["id"] for row in deployment.sql.execute("select id from conversation").fetchall()}
    assert old not in left and {young, elsewhere} < left
    messages = deployment.sql.execute("select count(*) as n from message where conversation_id = %s", [old]).fetchone()
    assert messages["n"] == 0
    row = deployment.turn(turn)
    assert (row["state"], row["metadata"]) == ("done", {})


def meanwhile(deployment) -> str:
    """A virtual model, made outside of the test's own transaction."""
    name = f"m-{uuid.uuid4().hex[:12]}"
    deployment.postgres.sql(
        deployment.database,
        "with m as (insert into sluice.virtual_model (name, title) values (:'name', :'name') returning id)"
        " insert into sluice.model_route (model_id, driver, provider_model, region)"
        " select id, 'openai', :'name' || ';rate=0', :'region' from m",
        name=name,
        region=deployment.simulator.base_url,
    )
    return name
