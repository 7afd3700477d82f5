"""Limits as clients meet them: what is left, what is refused, and what ends in mid-turn."""

import re
import time

import openai
import pytest
from deployment import by_tag
from openai_client import Streamed, openai_client
from scrape import Scrape, settled, until
from stack import wait_until

HELLO = [{"role": "user", "content": "Hello"}]
# Of OpenAI's names for what is left.
NAMES = ("limit", "remaining", "reset")
RULES = {
    "requests_per_minute": 1,
    "concurrent_turns": 1,
    "tokens_per_day": 1,
    "tokens_per_month": 1,
    "cost_per_day": 1,
    "cost_per_month": 1,
}


def surface(deployment, name: str = "web"):
    return deployment.sql.execute("select id from surface where name = %s", [name]).fetchone()["id"]


def limit(deployment, **columns) -> None:
    """For all turns on the surface of visitors."""
    deployment.insert("usage_limit", surface_id=surface(deployment), **columns)


def early(deployment) -> None:
    """So many seconds of the minute are left that the test ends within it."""
    wait_until(
        lambda: deployment.sql.execute("select extract(second from clock_timestamp()) < 45 as ok").fetchone()["ok"],
        "a minute to begin",
        70,
    )


def told(response, kind: str) -> tuple:
    return tuple(response.headers.get(f"x-ratelimit-{name}-{kind}") for name in NAMES)


def spent(deployment) -> int:
    return deployment.sql.execute(
        "select coalesce(sum(input_tokens + output_tokens), 0)::int as n from usage_ledger"
    ).fetchone()["n"]


def test_a_start_is_told_what_is_left_in_every_form(deployment):
    model = deployment.model("rate=0;tokens=3;text=fixed").name
    client = deployment.client()
    response = client.post_start({"message": "Hello", "model": model})
    assert response.status_code == 200 and told(response, "requests") == (None,) * 3
    limit(deployment, requests_per_minute=10, tokens_per_day=100_000)
    early(deployment)
    body = {"message": "Hello", "model": model}
    forms = [
        ({}, {}),
        ({"stream": {"modes": ["poll"]}}, {}),
        ({}, {"headers": {"Accept": "text/event-stream"}}),
        ({}, {"headers": {"Accept": "application/x-ndjson"}}),
    ]
    used = spent(deployment)
    for count, (more, options) in enumerate(forms, start=1):
        headers = options.pop("headers", {})
        response = client.request("POST", "/chat/start", json={**body, **more}, headers=headers, stream=bool(headers))
        assert response.status_code in (200, 202)
        limit_, remaining, reset = told(response, "requests")
        assert (limit_, remaining) == ("10", str(10 - count))
        assert re.fullmatch(r"1m0s|\d\d?s", reset)
        limit_, remaining, reset = told(response, "tokens")
        assert limit_ == "100000" and re.fullmatch(r"(\d+h)?(\d+m)?\d+s", reset) and int(remaining) <= 100_000 - used
        # To the end, so that the next one finds what this one has used.
        response.content  # noqa: B018
        wait_until(
            lambda: deployment.sql.execute("select count(*) = 0 as ok from usage_hold").fetchone()["ok"], "its end"
        )
        used = spent(deployment)
    ai = openai_client(deployment.nginx.url, client.token)
    raw = ai.chat.completions.with_raw_response.create(model=model, messages=HELLO)
    assert raw.headers["x-ratelimit-remaining-requests"] == "5"
    with ai.chat.completions.with_streaming_response.create(model=model, messages=HELLO, stream=True) as streamed:
        assert streamed.headers["x-ratelimit-remaining-requests"] == "4"


def test_pages_of_other_origins_may_read_what_is_left(deploy):
    deployment = deploy()
    deployment.add_node()
    deployment.add_nginx()
    deployment.insert("usage_limit", surface_id=surface(deployment, "shop"), requests_per_minute=1)
    model = deployment.model("rate=0;tokens=3").name
    client = deployment.client()
    origin = {"Origin": "https://shop.example"}
    client.open_session("shop", headers=origin)
    early(deployment)
    for status in (200, 429):
        response = client.request(
            "POST", "/chat/start", json={"message": "Hello", "model": model}, headers=origin
        )  # fmt: skip
        assert response.status_code == status
        exposed = response.headers["Access-Control-Expose-Headers"]
        assert "Retry-After" in exposed and "x-ratelimit-remaining-requests" in exposed


@pytest.mark.parametrize("rule", RULES)
def test_a_limit_that_is_reached_refuses_with_the_time_and_the_reason(deployment, node, rule):
    model = deployment.model("rate=0;tokens=30")
    deployment.insert("price", driver="openai", provider_model=model.provider_model, valid_from="2020-01-01",
                      input=1_000_000, output=1_000_000)  # fmt: skip
    limit(deployment, **{rule: RULES[rule] if rule != "tokens_per_day" else 20})
    early(deployment)
    client = deployment.client()
    before = settled(node)
    if rule == "concurrent_turns":
        other = deployment.client().start(model=deployment.model("rate=20;tokens=20000").name).read_some()
    elif rule == "requests_per_minute":
        client.ask(model=model.name)
    else:
        deployment.sql.execute(
            "insert into usage_counter (subject_id, period, starts_at, slot, tokens, cost)"
            " select %s, period, date_trunc(period, now(), 'UTC'), 3, 20, 20 from (values ('day'), ('month')) p (period)",
            [surface(deployment)],
        )
    turns = deployment.sql.execute("select count(*) as n from turn").fetchone()["n"]
    response = client.post_start({"message": "Hello", "model": model.name})
    lasts = rule not in ("requests_per_minute", "concurrent_turns")
    assert response.status_code == 429
    body = response.json()
    assert body["error"]["code"] == "limit_reached" and body["limit"] == {"rule": rule, "subject": "surface"}
    assert body["error"]["retryable"] is not lasts
    wait = int(response.headers["Retry-After"])
    assert wait > 60 if lasts else 1 <= wait <= 60
    if rule == "requests_per_minute":
        assert told(response, "requests")[:2] == ("1", "0")
    if rule.startswith("tokens"):
        assert told(response, "tokens")[1] == "0"
    # OpenAI's library waits where that helps, and gives up at once where it does not.
    begun = time.monotonic()
    with pytest.raises(openai.RateLimitError) as refused:
        openai_client(deployment.nginx.url, client.token, max_retries=2 if lasts else 0).chat.completions.create(
            model=model.name, messages=HELLO
        )
    error = refused.value
    expected = ("insufficient_quota", "false") if lasts else ("rate_limit_exceeded", "true")
    assert (error.code, error.response.headers["x-should-retry"]) == expected
    assert error.type == ("insufficient_quota" if lasts else "rate_limit_error")
    assert time.monotonic() - begun < 10
    assert deployment.sql.execute("select count(*) as n from turn").fetchone()["n"] == turns
    changes = Scrape.of(node).since(before)
    assert changes[f'sluice_limit_hits_total{{rule="{rule}"}}'] == 2
    if rule == "concurrent_turns":
        other.cancel()
        other.read()
        assert client.ask(model=model.name)["state"] == "done"


def test_a_budget_that_runs_out_ends_the_turn_and_what_was_said_stays(deployment, node):
    limit(deployment, tokens_per_day=5_000)
    model = deployment.model("rate=0;tokens=60000;text=fixed")
    client = deployment.client()
    before = settled(node)
    turn = client.start(model=model.name).read()
    assert turn.state == "error"
    assert turn.end["error"] == {
        "code": "budget_exhausted", "message": "What may be used of this model is used up.", "retryable": False,
    }  # fmt: skip
    usage = turn.end["usage"]
    assert usage["estimated"] is True and usage["output_tokens"] == -(-len(turn.text.encode()) // 4)
    # Beyond it came what was on its way when it was used up: one piece of the provider's stream, of 16 KB.
    assert 5_000 <= spent(deployment) <= 5_000 + 16_384 // 4
    row = deployment.sql.execute("select parts -> 0 ->> 'text' as text from message where role = 'assistant'").fetchone()
    assert row["text"] == turn.text
    [entry] = wait_until(lambda: [e for e in deployment.upstream(model) if e["end"]], "the upstream to be closed")
    assert entry["end"] == "client_closed"
    changes = settled(node).since(before)
    assert changes['sluice_turn_errors_total{code="budget_exhausted"}'] == 1
    assert changes['sluice_reservations_total{outcome="short"}'] >= 1
    assert changes['sluice_model_tokens_total{kind="estimated"}'] == spent(deployment)
    assert changes['sluice_bound_hits_total{bound="reserved_tokens"}'] >= 1
    # The next one does not even begin.
    assert client.post_start({"message": "Hello", "model": model.name}).status_code == 429
    with pytest.raises(openai.RateLimitError):
        openai_client(deployment.nginx.url, client.token).chat.completions.create(model=model.name, messages=HELLO)


def test_openais_library_is_told_of_a_budget_that_runs_out_in_mid_stream(deployment):
    limit(deployment, tokens_per_day=5_000)
    model = deployment.model("rate=0;tokens=60000;text=fixed")
    client = deployment.client()
    with pytest.raises(openai.APIError) as broken:
        Streamed(openai_client(deployment.nginx.url, client.token), model=model.name, messages=HELLO).read()
    assert broken.value.code == "insufficient_quota"


def test_within_its_limits_a_long_turn_never_notices_them(deployment, node):
    limit(deployment, tokens_per_day=1_000_000)
    model = deployment.model("rate=0;tokens=20000;text=fixed")
    before = settled(node)
    turn = deployment.client().start(model=model.name).read()
    assert turn.state == "done" and turn.text == deployment.text(model)
    after = settled(node)
    # 160 KB are 40,000 estimated tokens, asked for 4096 at a time.
    assert after.since(before)['sluice_reservations_total{outcome="granted"}'] >= 5
    assert spent(deployment) == turn.end["usage"]["input_tokens"] + turn.end["usage"]["output_tokens"]
    assert not deployment.sql.execute("select from usage_hold").fetchall()


def test_what_is_sent_alone_must_be_within_the_limits(deployment):
    model = deployment.model("rate=0;tokens=3")
    client = deployment.client()
    deployment.sql.execute("update virtual_model set history_limit = 50")
    first = client.start("word " * 6_000, model=model.name).read()
    limit(deployment, tokens_per_day=spent(deployment) + 7_000)
    # The message is short; with what was said before it is more than is left.
    turn = client.start("And?", model=model.name, conversation=first.conversation).read()
    assert (turn.state, turn.end["error"]["code"]) == ("error", "budget_exhausted")
    assert len(deployment.upstream(model)) == 1
    row = deployment.sql.execute("select * from usage_ledger where turn_id = %s", [turn.id]).fetchone()
    assert (row["input_tokens"], row["output_tokens"], row["estimated"]) == (0, 0, False)
    deployment.sql.execute("update usage_limit set tokens_per_day = 1000000")
    assert client.start("And?", model=model.name, conversation=first.conversation).read().state == "done"


def test_while_postgresql_is_away_a_turn_uses_what_it_has_reserved_and_waits(own_postgres, deploy):
    deployment = deploy(own_postgres)
    node = deployment.add_node()
    deployment.add_nginx()
    limit(deployment, tokens_per_day=1_000_000)
    model = deployment.model("rate=1000;tokens=5000;text=fixed")
    turn = deployment.client().start(model=model.name).read_some(400)
    own_postgres.stop("immediate")
    until(node, lambda look: look['sluice_bound_hits_total{bound="reserved_tokens"}'] >= 1, "the turn to wait", 60)
    [entry] = deployment.upstream(model)
    assert entry["end"] is None
    own_postgres.start()
    deployment.connect()
    turn.read()
    assert turn.state in ("done", "interrupted"), turn.end


@pytest.mark.parametrize("count", [12])
def test_many_turns_on_two_nodes_pass_a_budget_by_no_more_than_the_stated_bound(deploy, count):
    """Starts and wishes for more that PostgreSQL answers at one moment do not see one another: each may take a step of
    4096 tokens of what is left. And each turn may get one piece of a stream, of 16 KB, beyond what it has reserved."""
    budget = 60_000
    deployment = deploy()
    nodes = [deployment.add_node() for _ in range(2)]
    deployment.add_nginx(by_tag(nodes))
    limit(deployment, tokens_per_day=budget)
    model = deployment.model("rate=0;tokens=30000;text=fixed").name
    clients = [deployment.client() for _ in range(count)]
    started, refused = [], 0
    for client in clients:
        response = client.post_start({"message": "Hello", "model": model, "stream": {"modes": ["poll"]}})
        if response.status_code == 202:
            started.append((client, response.json()["turn"]))
        else:
            assert response.json()["error"]["code"] == "limit_reached"
            refused += 1
    wait_until(
        lambda: deployment.sql.execute("select bool_and(state <> 'streaming') as ok from turn").fetchone()["ok"],
        "all to end",
        60,
    )
    assert {row["owner"] for row in deployment.sql.execute("select distinct owner from turn").fetchall()} and started
    ends = deployment.sql.execute("select error_code, count(*) as n from usage_ledger group by 1").fetchall()
    assert {row["error_code"] for row in ends} <= {"budget_exhausted", None}
    used = spent(deployment)
    at_once = len(started)
    assert budget * 0.9 <= used <= budget + (at_once - 1) * 4_096 + at_once * 16_384 // 4, (used, at_once, refused)
    assert not deployment.sql.execute("select from usage_hold").fetchall()
    assert clients[0].post_start({"message": "Hello", "model": model}).status_code == 429


def test_who_asks_is_told_of_the_tokens_so_far(deployment):
    model = deployment.model("rate=100;tokens=200;text=fixed").name
    turn = deployment.client().start("word " * 10, model=model)
    turn.read_some(200)
    assert "usage" not in turn.get(wait=0).json()
    usage = turn.get(wait=0, usage=1).json()["usage"]
    assert usage["estimated"] is True and usage["input_tokens"] == 13 and usage["output_tokens"] >= 50
    turn.read()
    end = turn.get(usage=1).json()["usage"]
    assert "estimated" not in end and end["output_tokens"] == 200


def test_turns_of_a_dead_node_are_entered_by_estimate(deploy):
    deployment = deploy()
    nodes = [deployment.add_node() for _ in range(2)]
    deployment.add_nginx(by_tag(nodes))
    limit(deployment, tokens_per_day=1_000_000)
    model = deployment.model("rate=100;tokens=20000;text=fixed", history_limit=9, system_prompt="Be brief, please.")
    client = deployment.client()
    turns = []
    while len(turns) < 2:
        conversation = client.ask("word " * 10, model=deployment.model("rate=0;tokens=5;text=fixed").name)
        turn = client.start("and more", model=model.name, conversation=conversation["conversation"])
        if int(turn.id[15:18], 16) == 1:
            turns.append(turn.read_some(400))
        else:
            turn.cancel()
    nodes[0].kill()
    for turn in turns:
        turn.read()
        assert turn.state == "interrupted"
        row = deployment.sql.execute("select * from usage_ledger where turn_id = %s", [turn.id]).fetchone()
        # 50 bytes and 40 and 8, and the system prompt.
        assert (row["estimated"], row["input_tokens"]) == (True, 13 + 10 + 2 + 4)
        assert row["output_tokens"] == -(-len(turn.text.encode()) // 4)
        assert (row["driver"], row["provider_model"]) == ("openai", model.provider_model)
        assert turn.end["usage"] == {
            "input_tokens": row["input_tokens"], "output_tokens": row["output_tokens"], "estimated": True,
        }  # fmt: skip
        assert [event["usage"] for event in turn.events if event["type"] == "usage"] == [turn.end["usage"]]
    assert not deployment.sql.execute(
        "select from usage_hold h where not exists (select from turn where id = h.turn_id and state = 'streaming')"
    ).fetchall()
