"""Every driver over sockets: the simulator speaks each provider's format, and checks what it is asked."""

import json
import uuid

import canaries
import pytest
from providers import KEYS, PATHS, add_model, add_route, asked, text
from stack import wait_until

DRIVERS = list(PATHS)

# What speaks of tools in each format.
TOOL_MEMBERS = {driver: {"tools", "tool_choice", "parallel_tool_calls"} for driver in DRIVERS} | {
    "anthropic": {"tools", "tool_choice"},
    "bedrock": {"toolConfig"},
    "gemini": {"tools", "toolConfig"},
    "ollama": {"tools"},
}


@pytest.fixture(scope="module")
def keys(tmp_path_factory) -> dict[str, str]:
    """Driver → reference of its credential."""
    folder = tmp_path_factory.mktemp("keys")
    references = {}
    for driver in DRIVERS:
        path = folder / driver
        path.write_text(f"{KEYS[driver]}\n")
        references[driver] = f"file:{path}"
    return references


@pytest.fixture
def model(site, keys):
    """Makes a virtual model with one route of a driver."""

    def make(driver: str, scenario: str, *, route: dict | None = None, **columns):
        name = add_model(site, **columns)
        credential = site.insert("credential", name=f"c-{uuid.uuid4().hex[:12]}", reference=keys[driver])
        return name, add_route(
            site, name, scenario, driver=driver, credential_id=credential["id"], **(route or {})
        )

    return make


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("driver", DRIVERS)
def test_an_answer_comes_whole(site, model, driver, stream):
    name, route = model(driver, "rate=0;text=nasty;tokens=40", stream=stream, system_prompt="Be brief.")
    turn = site.client().start("Grüße \"x\" 👩‍👩‍👧", model=name).read()
    assert (turn.state, turn.end["finish_reason"]) == ("done", "stop"), turn.end
    assert turn.text == text(site, route)
    assert turn.end["usage"]["output_tokens"] > 0
    [request] = asked(site, route)
    assert request["stream"] is stream
    assert request["format"] == {"gateway": "openai"}.get(driver, driver)
    body = json.dumps(request["body"], ensure_ascii=False)
    assert "Grüße" in body and "Be brief." in body
    row = site.turn(turn.id)
    assert row["route_id"] == route.id
    assert [attempt["route"] for attempt in row["upstream"]["attempts"]] == [str(route.id)]
    assert row["upstream"]["first_byte_ms"] <= row["upstream"]["first_text_ms"]


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_conversation_goes_with_the_next_turn(site, model, driver):
    name, route = model(driver, "rate=0;tokens=6;history=1")
    client = site.client()
    first = client.start("One", model=name).read()
    second = client.start("Two", model=name, conversation=first.conversation).read()
    assert "I see 1 messages." in first.text
    assert "I see 3 messages." in second.text


@pytest.mark.parametrize("driver", DRIVERS)
def test_reasoning_is_shown_as_the_model_says(site, model, driver):
    for policy, shown in [("hidden", False), ("full", True)]:
        name, route = model(driver, "rate=0;tokens=5;reasoning=8", reasoning=policy)
        turn = site.client().start(model=name).read()
        assert turn.state == "done", turn.end
        assert turn.text == text(site, route)
        assert any(event["type"] == "reasoning" for event in turn.events) is shown, (policy, turn.events)


@pytest.mark.parametrize(
    ("fault", "code", "keeps_text"),
    [
        ("fault=status;status=429;retry=none", "upstream_rate_limited", False),
        ("fault=status;status=500", "upstream_error", False),
        ("fault=status;status=401", "upstream_unauthorized", False),
        ("fault=error;after=8;rate=200", None, True),
        ("fault=failure;after=8;rate=200", None, True),
        ("fault=cut;after=8;rate=200", "upstream_truncated", True),
        ("fault=cut;half=1;after=8;rate=200", "upstream_truncated", True),
        ("fault=eof;after=8;rate=200", "upstream_truncated", True),
        ("fault=eof;half=1;after=8;rate=200", "upstream_truncated", True),
        ("fault=reset;after=8;rate=200", "upstream_truncated", True),
        ("fault=garbage;after=8;rate=200", "upstream_malformed", True),
    ],
)
@pytest.mark.parametrize("driver", DRIVERS)
def test_a_failure_is_a_failure_and_keeps_what_was_said(site, model, driver, fault, code, keeps_text):
    name, route = model(driver, fault)
    turn = site.client().start(model=name).read()
    assert turn.state == "error", turn.end
    if code:
        assert turn.end["error"]["code"] == code
    assert turn.end["error"]["code"].startswith("upstream_")
    assert bool(turn.text) == keeps_text
    assert text(site, route).startswith(turn.text)


@pytest.mark.parametrize("driver", DRIVERS)
def test_whatever_the_network_does_to_it(site, model, driver):
    for scenario in ["split=1;tokens=8", "split=7;text=nasty;tokens=20", "batch=20", "comments=1;ends=mixed;tokens=20"]:
        name, route = model(driver, f"rate=0;{scenario}")
        turn = site.client().start(model=name).read()
        assert (turn.state, turn.text) == ("done", text(site, route)), scenario


@pytest.mark.parametrize("driver", DRIVERS)
def test_parameters_and_overrides_reach_the_provider(site, model, driver):
    name, route = model(
        driver,
        "rate=0;tokens=50",
        parameters=json.dumps({"max_tokens": 10, "temperature": 0.5}),
        route={
            "overrides": json.dumps({"x_extra": {"a": [1, 2.5, "ü"]}}),
            "headers": json.dumps({"X-Extra": "yes"}),
            "query": json.dumps({"extra": "a b"}),
        },
    )
    turn = site.client().start(model=name).read()
    assert (turn.state, turn.end["finish_reason"]) == ("done", "length"), turn.end
    [request] = asked(site, route)
    assert request["body"]["x_extra"] == {"a": [1, 2.5, "ü"]}
    assert "0.5" in json.dumps(request["body"])


@pytest.mark.parametrize("driver", DRIVERS)
def test_notool_says_no_word_of_tools(site, model, driver):
    words = ["tools", "tool_choice", "parallel_tool_calls", "toolConfig", "functions"]
    overrides = json.dumps({word: [] if word == "tools" else {} for word in words})
    name, route = model(driver, "rate=0;tokens=3", notool=True, route={"overrides": overrides})
    assert site.client().start(model=name).read().state == "done"
    [request] = asked(site, route)
    assert not TOOL_MEMBERS[driver] & set(request["body"])


def test_nopreprompt_drops_both_prompts_and_the_prefix_goes_with_the_first_message(site, model):
    prompts = {"system_prompt": "The system's.", "prefix_prompt": "The prefix."}
    name, route = model("openai", "rate=0;tokens=3", **prompts)
    client = site.client()
    first = client.start("One", model=name).read()
    client.start("Two", model=name, conversation=first.conversation).read()
    said = [message["content"] for message in asked(site, route)[1]["body"]["messages"]]
    assert said[:2] == ["The system's.", "The prefix.\n\nOne"] and said[-1] == "Two"
    name, route = model("openai", "rate=0;tokens=3", nopreprompt=True, **prompts)
    assert site.client().start("One", model=name).read().state == "done"
    assert [message["content"] for message in asked(site, route)[0]["body"]["messages"]] == ["One"]


def test_echo_says_what_it_was_told(site):
    name = add_model(site)
    add_route(site, name, driver="echo", region=None, provider_model="echo")
    turn = site.client().start("Say that again, please.", model=name).read()
    assert (turn.state, turn.text) == ("done", "Say that again, please.")
    assert sum(event["type"] == "text" for event in turn.events) > 1
    classic = site.client().ask("And this.", model=name)
    assert classic["message"]["content"] == "And this."
    cancelled = site.client().start("word " * 2_000, model=name)
    cancelled.poll(wait=2_000)
    cancelled.cancel()
    assert cancelled.read().state == "cancelled"
    wait_until(lambda: site.turn(cancelled.id)["state"] == "cancelled", "the row to end", 5)


def test_a_driver_that_nobody_has_is_an_error_of_its_own(site):
    name = add_model(site)
    add_route(site, name, driver="nobody")
    turn = site.client().start(model=name).read()
    assert (turn.state, turn.end["error"]["code"]) == ("error", "model_misconfigured")


@pytest.mark.parametrize("driver", DRIVERS)
def test_no_secret_or_raw_name_reaches_client_or_log(deploy, keys, driver):
    """Canaries: the key, the raw model, the endpoint and the provider's own words, in every reply and log."""
    deployment = deploy()
    node = deployment.add_node(log_level="debug")
    deployment.add_nginx()
    secrets = KEYS[driver].split(":")
    client = deployment.client()
    seen = []
    for fault in ["rate=0", "fault=status;status=401", "fault=status;status=400", "fault=error;after=3;rate=0"]:
        name = add_model(deployment)
        credential = deployment.insert("credential", name=f"c-{uuid.uuid4().hex[:8]}", reference=keys[driver])
        route = add_route(deployment, name, fault, driver=driver, credential_id=credential["id"])
        turn = client.start(model=name).read()
        seen += [json.dumps(turn.events), json.dumps(turn.end), client.post_start({"message": "x", "model": name}).text]
        for private in [route.provider_model.split(";")[0], str(deployment.simulator.port), str(route.id)]:
            assert not any(private in text for text in seen), private
    seen.append(client.request("GET", "/chat/conversations").text)
    seen.append(client.request("GET", "/chat/models").text)
    logs = [node.log.read_text(), (deployment.logs / "nginx.log").read_text()]
    for secret in secrets:
        for text_seen in [*seen, *logs]:
            assert secret not in text_seen


def test_canaries_sing(tmp_path):
    assert canaries.sing("…", f"a {canaries.KEY}b") == [canaries.KEY]
    assert canaries.sing(f"{canaries.MODEL}x") == [canaries.MODEL]
    (tmp_path / "node-0.log").write_text(f"x {canaries.AWS_SECRET}\n")
    (tmp_path / "nginx.log").write_text("GET /\n")
    assert canaries.sing_in(tmp_path) == [f"{tmp_path.name}/node-0.log: {canaries.AWS_SECRET}"]
