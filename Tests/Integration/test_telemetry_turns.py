"""What /metrics says of turns and providers, to the unit."""

import json
import re
import socket
import threading
import uuid

from chat_client import ChatClient, Turn
from scrape import Scrape, moves, settled, until
from scripted_provider import ScriptedProvider


class Counted(ChatClient):
    """A visitor who counts its polls."""

    def __init__(self, url: str):
        super().__init__(url)
        self.polls = 0

    def request(self, method: str, path: str, **options):
        self.polls += path.endswith("/poll")
        return super().request(method, path, **options)


@moves(
    "sluice_sessions_total",
    "sluice_starts_total",
    "sluice_polls_total",
    "sluice_requests_total",
    "sluice_received_bytes_total",
    "sluice_sent_bytes_total",
    "sluice_turns_ended_total",
    "sluice_text_deltas_total",
    "sluice_text_bytes_total",
    "sluice_model_tokens_total",
    "sluice_time_to_first_token_seconds",
    "sluice_inter_token_seconds",
    "sluice_flush_rows",
    "sluice_flush_bytes",
    "sluice_flush_seconds",
    "sluice_end_seconds",
    "sluice_upstream_started_total",
    "sluice_upstream_received_bytes_total",
    "sluice_database_transaction_seconds",
    "process_cpu_seconds_total",
)
def test_a_turn_counts_exactly(deployment, node):
    model = deployment.model("rate=200;tokens=60")
    before = settled(node)
    client = Counted(deployment.nginx.url)
    client.open_session()
    turn = client.start(model=model.name).read()
    after = settled(node)
    changes = after.since(before)
    immediate, woken = (changes.pop(f'sluice_polls_total{{outcome="{how}"}}', 0) for how in ("immediate", "woken"))
    assert immediate + woken == client.polls and woken > 0
    flushes = changes.pop("sluice_flush_seconds_count")
    assert flushes == changes.pop("sluice_flush_rows_count") == changes.pop("sluice_flush_bytes_count") >= 1
    assert changes.pop("sluice_upstream_received_bytes_total") > len(turn.text.encode())
    assert changes == {
        "sluice_sessions_total": 1,
        'sluice_starts_total{outcome="started"}': 1,
        "sluice_requests_total": 2 + client.polls,
        'sluice_turns_ended_total{state="done"}': 1,
        "sluice_text_deltas_total": 60,
        "sluice_text_bytes_total": len(turn.text.encode()),
        'sluice_model_tokens_total{kind="input"}': turn.end["usage"]["input_tokens"],
        'sluice_model_tokens_total{kind="output"}': turn.end["usage"]["output_tokens"],
        "sluice_time_to_first_token_seconds_count": 1,
        # 60 tokens have 59 gaps, however they were packed.
        "sluice_inter_token_seconds_count": 59,
        "sluice_end_seconds_count": 1,
        "sluice_upstream_started_total": 1,
    }
    # 60 tokens at 200 a second take 0.3 s, nearly all of it between tokens.
    assert 0.2 < after["sluice_inter_token_seconds_sum"] - before["sluice_inter_token_seconds_sum"] < 10
    # What the flusher wrote are the first rows; the end wrote the rest.
    rows = after["sluice_flush_rows_sum"] - before["sluice_flush_rows_sum"]
    [stored] = deployment.sql.execute(
        "select count(*) filter (where seq > %(rows)s) as by_the_end,"
        " sum(octet_length(events)) filter (where seq <= %(rows)s) as bytes from turn_delta where turn_id = %(turn)s",
        {"rows": rows, "turn": turn.id},
    ).fetchall()
    assert stored["by_the_end"] >= 1
    assert after["sluice_flush_bytes_sum"] - before["sluice_flush_bytes_sum"] == stored["bytes"]


@moves("sluice_upstream_retries_total")
def test_going_on_after_a_provider_failed_counts_by_how(deployment, node):
    elsewhere, waited = (f'sluice_upstream_retries_total{{kind="{kind}"}}' for kind in ("elsewhere", "waited"))
    before = settled(node)
    broken = deployment.model("fault=status;status=500")
    [row] = deployment.sql.execute("select id from virtual_model where name = %s", [broken.name]).fetchall()
    deployment.insert(
        "model_route", model_id=row["id"], driver="openai", provider_model=f"{broken.name}-2;rate=0;tokens=3",
        region=deployment.simulator.base_url, priority=2,
    )
    assert deployment.client().ask(model=broken.name)["state"] == "done"
    after = settled(node)
    assert (after[elsewhere] - before[elsewhere], after[waited] - before[waited]) == (1, 0)
    # Waits once; a second time is beyond its budget.
    busy = deployment.model("fault=status;status=429;retry=1", retry_budget_ms=1500)
    assert deployment.client().ask(model=busy.name)["error"]["code"] == "upstream_rate_limited"
    assert settled(node)[waited] - after[waited] == 1


def test_a_hundred_turns_count_a_hundred_times(deployment, node):
    model = deployment.model("rate=0;tokens=20;batch=5")
    before = settled(node)
    answers: list[dict] = []

    def visit() -> None:
        client = deployment.client()
        for _ in range(10):
            answers.append(client.ask(model=model.name))

    threads = [threading.Thread(target=visit) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    changes = settled(node).since(before)
    assert len(answers) == 100
    assert changes['sluice_turns_ended_total{state="done"}'] == changes['sluice_starts_total{outcome="started"}'] == 100
    assert changes["sluice_text_deltas_total"] == 2000
    assert changes["sluice_inter_token_seconds_count"] == 1900
    assert changes["sluice_time_to_first_token_seconds_count"] == 100
    # Classic readers wait too, but they do not poll.
    assert not any(key.startswith("sluice_polls_total") for key in changes)
    assert changes["sluice_requests_total"] == 110


def test_the_first_token_counts_when_it_may_be_read(deployment, node):
    client = deployment.client()
    before = settled(node)
    client.start(model=deployment.model("rate=0;tokens=5;delay=300;first=300").name).read()
    silent = client.start(model=deployment.model("fault=status;status=500").name).read()
    after = settled(node)
    assert silent.text == ""
    assert after.since(before)["sluice_time_to_first_token_seconds_count"] == 1
    name = "sluice_time_to_first_token_seconds"
    assert 0.6 <= after[f"{name}_sum"] - before[f"{name}_sum"] < 20
    # Nothing was that quick.
    bound = f'{name}_bucket{{le="0.4096"}}'
    assert after[bound] == before[bound]


def test_a_repeated_start_counts_as_such(deployment, node):
    client = deployment.client()
    model = deployment.model("rate=0;tokens=5")
    key = uuid.uuid4().hex
    before = settled(node)
    client.start(key=key, model=model.name).read()
    client.start(key=key, model=model.name)
    client.post_start({"message": "Hello", "model": model.name}, key=key)
    changes = settled(node).since(before)
    assert changes['sluice_starts_total{outcome="started"}'] == 1
    assert changes['sluice_starts_total{outcome="repeated"}'] == 2
    assert changes['sluice_turns_ended_total{state="done"}'] == 1


@moves("sluice_cancels_total", "sluice_turns_ended_total")
def test_a_cancel_counts_once_for_each_request(deployment, node):
    client = deployment.client()
    before = settled(node)
    turn = client.start(model=deployment.model("rate=50;tokens=5000").name).read_some(5)
    assert turn.cancel().status_code == 202
    turn.read()
    assert turn.cancel().status_code == 200
    assert turn.cancel(token=turn.started["read_token"]).status_code == 403
    changes = settled(node).since(before)
    assert {key: value for key, value in changes.items() if key.startswith("sluice_cancels")} == {
        'sluice_cancels_total{outcome="accepted"}': 1,
        'sluice_cancels_total{outcome="late"}': 1,
        'sluice_cancels_total{outcome="refused"}': 1,
    }
    assert changes['sluice_turns_ended_total{state="cancelled"}'] == 1
    assert changes['sluice_refusals_total{code="read_only"}'] == 1


def say(body: dict, status: int = 400):
    """A provider that answers with this error."""

    def answer(connection, _):
        content = json.dumps(body).encode()
        connection.sendall(b"HTTP/1.1 %d No\r\nContent-Length: %d\r\n\r\n" % (status, len(content)) + content)

    return answer


def no_http(connection, _):
    connection.sendall(b"220 mail.example ESMTP\r\n" * 10)
    connection.close()


FAULTS = [
    ("fault=status;status=500", {}, "upstream_error", None),
    ("fault=status;status=503", {}, "upstream_overloaded", None),
    ("fault=status;status=429", {}, "upstream_rate_limited", None),
    ("fault=status;status=401", {}, "upstream_unauthorized", None),
    ("fault=status;status=400", {}, "upstream_refused", None),
    ("fault=reset;after=8;rate=0", {}, "upstream_truncated", "reset"),
    ("fault=cut;after=8;rate=0", {}, "upstream_truncated", "truncated"),
    ("fault=eof;after=8;rate=0", {}, "upstream_truncated", None),
    ("fault=garbage;after=8;rate=0", {}, "upstream_malformed", None),
    ("fault=stall;after=5;rate=0", {"idle_timeout_ms": 500}, "upstream_timeout", "idle_timeout"),
    ("fault=stallheaders", {"first_byte_timeout_ms": 500}, "upstream_timeout", "first_byte_timeout"),
    ("", {"region": "http://127.0.0.1:1/v1"}, "upstream_unreachable", "connect"),
    ("", {"region": "https://127.0.0.1:{port}/v1"}, "upstream_unreachable", "tls"),
    ("", {"credential_id": "absent"}, "model_misconfigured", None),
    (no_http, {}, "upstream_malformed", "malformed"),
    (say({"error": {"message": "", "code": "context_length_exceeded"}}), {}, "context_too_long", None),
    (say({"error": {"message": "", "code": "insufficient_quota"}}, 429), {}, "upstream_quota_exceeded", None),
]


@moves("sluice_turn_errors_total", "sluice_upstream_failures_total")
def test_every_failure_of_a_provider_counts_by_its_code(deployment, node):
    client = deployment.client()
    absent = deployment.insert("credential", name="absent", reference="env:SLUICE_TEST_ABSENT")["id"]
    for scenario, route, code, failure in FAULTS:
        if callable(scenario):
            route, scenario = {"region": ScriptedProvider(scenario).url}, ""
        route = {name: str(value).format(port=deployment.simulator.port) for name, value in route.items()}
        if "credential_id" in route:
            route["credential_id"] = absent
        model = deployment.model(scenario, route=route)
        before = settled(node)
        turn = client.start(model=model.name).read()
        assert turn.end["error"]["code"] == code, scenario
        changes = settled(node).since(before)
        found = {key: value for key, value in changes.items() if re.match(r"sluice_(turn|upstream_fail)", key)}
        expected = {'sluice_turns_ended_total{state="error"}': 1, f'sluice_turn_errors_total{{code="{code}"}}': 1}
        if failure:
            expected[f'sluice_upstream_failures_total{{code="{failure}"}}'] = 1
        assert found == expected, scenario


@moves("sluice_upstream_running", "sluice_upstream_connecting")
def test_a_provider_that_does_not_shake_hands_is_seen(deployment, node):
    silent = socket.create_server(("127.0.0.1", 0))
    url = f"https://127.0.0.1:{silent.getsockname()[1]}/v1"
    turn = deployment.client().start(model=deployment.model(route={"region": url}).name)
    waiting = until(node, lambda now: now["sluice_upstream_connecting"] == 1, "the transfer to wait")
    assert waiting["sluice_upstream_running"] == 1
    turn.cancel()
    turn.read()
    settled(node)
    silent.close()


@moves("sluice_upstream_queued", "sluice_bound_hits_total")
def test_a_transfer_that_waits_for_its_place_is_seen(deploy):
    deployment = deploy()
    node = deployment.add_node(upstream_limit="1", upstream_queue="1")
    deployment.add_nginx()
    model = deployment.model("rate=20;tokens=5000").name
    running = deployment.client().start(model=model).read_some(1)
    queued = deployment.client().start(model=model)
    waiting = until(node, lambda now: now["sluice_upstream_queued"] == 1, "the second transfer to wait")
    assert (waiting["sluice_upstream_running"], waiting["sluice_turns_live"]) == (1, 2)
    assert deployment.client().post_start({"message": "Hi", "model": model}).status_code == 503
    changes = Scrape.of(node).since(waiting)
    assert changes['sluice_bound_hits_total{bound="upstream_transfers"}'] == 1
    running.cancel()
    queued.read_some(1).cancel()
    assert settled(node)['sluice_turns_ended_total{state="cancelled"}'] == 2


@moves("sluice_turns_mirrored")
def test_a_turn_read_through_another_node_is_mirrored_there(deployment):
    owner, other = deployment.nodes[0], deployment.add_node()
    through_other = deployment.add_nginx([other.addresses[0]])
    turn = deployment.client().start(model=deployment.model("rate=50;tokens=5000").name)
    client = ChatClient(through_other.url)
    reader = Turn(client, turn.started).read_some(10)
    seen = Scrape.of(other)
    assert (seen["sluice_turns_mirrored"], seen["sluice_turns_live"]) == (1, 0)
    assert (Scrape.of(owner)["sluice_turns_mirrored"], Scrape.of(owner)["sluice_turns_live"]) == (0, 1)
    turn.cancel()
    assert reader.read().state == "cancelled"
    after = settled(other)
    # It neither ran nor ended there.
    assert after.sum("sluice_turns_ended_total") == after.sum("sluice_text_deltas_total") == 0
    assert settled(owner)['sluice_turns_ended_total{state="cancelled"}'] == 1


def test_a_turn_that_another_node_has_ended_counts_as_lost(deployment, node):
    before = Scrape.of(node)
    deployment.client().start(model=deployment.model("rate=20;tokens=5000").name).read_some(1)
    deployment.sql.execute("update node set voided_at = clock_timestamp()")
    lost = until(node, lambda now: now["sluice_turns_live"] == 0, "the node to drop its turn")
    assert lost.since(before)['sluice_turns_ended_total{state="lost"}'] == 1


@moves("sluice_turns_adopted_total")
def test_a_turn_that_is_begun_anew_counts_as_lost_and_adopted(deployment, node):
    model = deployment.model("rate=20;tokens=5000", on_interrupt="restart")
    turn = deployment.client().start(model=model.name).read_some(1)
    before = Scrape.of(node)
    deployment.sql.execute("update node set voided_at = clock_timestamp()")
    # It goes on as a new incarnation, which takes the turn of the former one.
    changes = until(node, lambda now: now["sluice_turns_adopted_total"] == 1, "it to be begun anew").since(before)
    assert changes['sluice_turns_ended_total{state="lost"}'] == 1
    assert not any(key.startswith("sluice_starts_total") for key in changes)
    turn.cancel()
    ended = until(node, lambda now: now["sluice_turns_live"] == 0, "the turn to end").since(before)
    assert ended['sluice_turns_ended_total{state="cancelled"}'] == 1
