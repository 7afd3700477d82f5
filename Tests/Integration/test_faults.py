"""Each way in which a provider fails has its own outcome, and keeps what was said before."""

import pytest
from stack import wait_until


@pytest.mark.parametrize(
    ("scenario", "code", "keeps_text"),
    [
        ("fault=status;status=500", "upstream_error", False),
        ("fault=status;status=503", "upstream_overloaded", False),
        ("fault=status;status=429", "upstream_rate_limited", False),
        ("fault=status;status=401", "upstream_unauthorized", False),
        ("fault=status;status=400", "upstream_refused", False),
        ("fault=reset;after=8;rate=100", "upstream_truncated", True),
        ("fault=eof;after=8;rate=100", "upstream_truncated", True),
        ("fault=cut;after=8;rate=100", "upstream_truncated", True),
        ("fault=error;after=8;rate=100", "upstream_error", True),
        ("fault=garbage;after=8;rate=100", "upstream_malformed", True),
    ],
)
def test_a_provider_that_fails(site, scenario, code, keeps_text):
    model = site.model(scenario)
    turn = site.client().start(model=model.name).read()
    assert turn.state == "error"
    assert turn.end["error"]["code"] == code
    assert isinstance(turn.end["error"]["retryable"], bool)
    assert bool(turn.text) == keeps_text
    assert site.text(site.model("rate=0")).startswith(turn.text)
    row = site.turn(turn.id)
    assert row["state"] == "error"
    assert row["error"]["code"] == code
    # A later reader is told the same.
    again = turn.another_reader().read()
    assert (again.text, again.end["error"]) == (turn.text, turn.end["error"])


def test_no_done_after_a_finish_reason_is_an_end(site):
    model = site.model("fault=nodone;tokens=20;after=20;rate=0")
    turn = site.client().start(model=model.name).read()
    assert (turn.state, turn.end["finish_reason"]) == ("done", "stop")
    assert turn.text


def test_the_length_limit_is_a_finish_reason(site):
    model = site.model("tokens=50;rate=0", parameters='{"max_tokens": 10}')
    turn = site.client().start(model=model.name).read()
    assert (turn.state, turn.end["finish_reason"]) == ("done", "length")


@pytest.mark.parametrize(
    ("scenario", "keeps_text"), [("fault=stall;after=5;rate=100", True), ("fault=stallheaders", False)]
)
def test_a_silent_provider_is_given_up(site, scenario, keeps_text):
    limits = {"idle_timeout_ms": 1000, "first_byte_timeout_ms": 1000}
    model = site.model(scenario, route=limits)
    turn = site.client().start(model=model.name).read()
    assert (turn.state, turn.end["error"]["code"]) == ("error", "upstream_timeout")
    assert bool(turn.text) == keeps_text
    wait_until(lambda: site.upstream(model)[0]["end"] == "client_closed", "the upstream to be closed", 5)


def test_a_provider_that_is_not_there(site):
    model = site.model("", route={"region": "http://127.0.0.1:1/v1"})
    turn = site.client().start(model=model.name).read()
    assert (turn.state, turn.end["error"]["code"]) == ("error", "upstream_unreachable")
    assert turn.text == ""


@pytest.mark.parametrize("scenario", ["fault=status;status=500", "fault=reset;after=8;rate=100"])
def test_the_classic_response_tells_the_error_too(site, scenario):
    response = site.client().post_start({"message": "Hi", "model": site.model(scenario).name})
    answer = response.json()
    assert response.status_code == 200, response.text
    assert answer["state"] == "error"
    assert answer["error"]["code"].startswith("upstream_")


def test_the_conversation_goes_on_after_a_failure(site):
    client = site.client()
    failed = client.start("One", model=site.model("fault=reset;after=8;rate=100").name).read()
    model = site.model("rate=0;tokens=5")
    turn = client.start("Two", model=model.name, conversation=failed.conversation).read()
    assert turn.state == "done"
    said = [message["content"] for message in site.upstream(model)[0]["body"]["messages"]]
    assert (said[0], said[-1]) == ("One", "Two")


def test_a_credential_reaches_the_provider_and_nothing_else(deploy):
    deployment = deploy()
    secret = "sk-of-the-test-4711"
    deployment.add_node(environment={"TEST_PROVIDER_KEY": secret}, log_level="debug")
    deployment.add_nginx()
    credential = deployment.insert("credential", name="test", reference="env:TEST_PROVIDER_KEY")
    model = deployment.model(route={"credential_id": credential["id"]})
    assert deployment.client().start(model=model.name).read().state == "done"
    assert deployment.upstream(model)[0]["authorization"] is True
    assert secret not in deployment.nodes[0].log.read_text()


def test_a_credential_that_is_missing_is_an_error_of_its_own(site):
    credential = site.insert("credential", name="absent", reference="env:SLUICE_TEST_ABSENT")
    model = site.model(route={"credential_id": credential["id"]})
    turn = site.client().start(model=model.name).read()
    assert (turn.state, turn.end["error"]["code"]) == ("error", "model_misconfigured")
    assert site.upstream(model) == []
