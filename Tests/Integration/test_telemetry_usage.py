"""What is counted of limits."""

from deployment import Deployment
from scrape import moves, settled


@moves("sluice_limit_hits_total", "sluice_reservations_total")
def test_limits_count_what_they_refuse_and_what_they_grant(deployment: Deployment, node):
    surface = deployment.sql.execute("select id from surface where name = 'web'").fetchone()["id"]
    deployment.insert("usage_limit", surface_id=surface, tokens_per_day=9_000)
    # 8 bytes are two estimated tokens.
    model = deployment.model("rate=1500;tokens=1200;text=fixed").name
    client = deployment.client()
    before = settled(node)
    assert client.start(model=model).read().state == "done"
    deployment.sql.execute("update usage_limit set tokens_per_day = 1")
    assert client.post_start({"message": "Hello", "model": model}).status_code == 429
    changes = settled(node).since(before)
    assert changes['sluice_limit_hits_total{rule="tokens_per_day"}'] == 1
    assert changes['sluice_reservations_total{outcome="granted"}'] >= 1
