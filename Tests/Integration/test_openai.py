"""`/v1`, asked by OpenAI's own library."""

import json
import socket
import uuid

import openai
import pytest
import requests
from chat_client import new_key
from openai_client import Streamed, openai_client
from providers import KEYS, PATHS, add_model, add_route, asked, text
from scripted_provider import STREAM, ScriptedProvider, event
from stack import wait_until

DRIVERS = list(PATHS)
HELLO = [{"role": "user", "content": "Hello"}]


def tool(name: str, **more) -> dict:
    schema = {"type": "object", "properties": {"gate": {"type": "integer"}, "note": {"type": "string"}}}
    return {"type": "function", "function": {"name": name, "description": name, "parameters": schema, **more}}


@pytest.fixture(scope="module")
def visitor(site):
    return site.client()


@pytest.fixture(scope="module")
def client(site, visitor):
    return openai_client(site.nginx.url, visitor.token)


@pytest.fixture
def routed_by(site, tmp_path):
    """Makes a virtual model with one route of a driver, which has its key."""

    def make(driver: str, scenario: str, **columns):
        path = tmp_path / driver
        path.write_text(KEYS[driver])
        credential = site.insert("credential", name=f"c-{uuid.uuid4().hex[:12]}", reference=f"file:{path}")
        name = add_model(site, **columns)
        return name, add_route(site, name, scenario, driver=driver, credential_id=credential["id"])

    return make


def post(site, visitor, body, path: str = "/chat/completions", **headers) -> requests.Response:
    """A request that the library would not send."""
    return visitor.request(
        "POST",
        f"/v1{path}",
        data=body if isinstance(body, bytes) else json.dumps(body),
        headers={"Content-Type": "application/json", **headers},
    )


def turn_of(completion_id: str) -> str:
    return completion_id.removeprefix("chatcmpl-")


# MARK: models


def test_models_are_listed_as_openai_lists_its_own(site, client):
    name = f"house/{uuid.uuid4().hex[:12]}"
    site.model(name=name, title="One")
    listed = {model.id: model for model in client.models.list()}
    assert listed[name].object == "model" and listed[name].created > 1_700_000_000
    # A name may hold a slash.
    assert client.models.retrieve(name) == listed[name]
    with pytest.raises(openai.NotFoundError) as failure:
        client.models.retrieve("no-such-model")
    assert failure.value.code == "model_not_found"


# MARK: answers


def test_an_answer_in_one_piece(site, client, visitor):
    model = site.model("rate=0;text=nasty;tokens=40")
    answer = client.chat.completions.create(model=model.name, messages=HELLO)
    assert (answer.object, answer.model) == ("chat.completion", model.name)
    [choice] = answer.choices
    assert (choice.message.role, choice.message.content) == ("assistant", site.text(model))
    assert (choice.finish_reason, choice.message.tool_calls) == ("stop", None)
    usage = answer.usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens > 0
    assert usage.completion_tokens_details.reasoning_tokens == 0
    # It is a turn like any other, in a conversation of its own.
    row = site.turn(turn_of(answer.id))
    assert (row["state"], row["model_name"]) == ("done", model.name)
    page = visitor.request("GET", f"/chat/conversations/{row['conversation_id']}").json()
    assert [message["content"] for message in page["messages"]] == ["Hello", site.text(model)]


@pytest.mark.parametrize("include_usage", [True, False])
def test_an_answer_as_a_stream(site, client, include_usage):
    model = site.model("rate=400;tokens=30;text=nasty")
    options = {"stream_options": {"include_usage": True}} if include_usage else {}
    answer = Streamed(client, model=model.name, messages=HELLO, **options).read()
    assert (answer.text, answer.finish_reason) == (site.text(model), "stop")
    assert answer.chunks[0].choices[0].delta.role == "assistant"
    assert len({chunk.id for chunk in answer.chunks}) == 1
    assert all(chunk.object == "chat.completion.chunk" and chunk.model == model.name for chunk in answer.chunks)
    assert len(answer.chunks) > 3
    assert (answer.usage is not None) is include_usage
    if include_usage:
        assert answer.chunks[-1].choices == [] and answer.usage.completion_tokens == 30


def test_a_stream_ends_with_its_mark(site, visitor):
    model = site.model("rate=0;tokens=3")
    reply = post(site, visitor, {"model": model.name, "messages": HELLO, "stream": True})
    assert reply.headers["content-type"] == "text/event-stream"
    assert reply.text.endswith("data: [DONE]\n\n")


def test_a_model_that_does_not_stream_answers_both_ways(site, client):
    model = site.model("rate=0;tokens=10", stream=False)
    assert client.chat.completions.create(model=model.name, messages=HELLO).choices[0].message.content == site.text(model)
    assert Streamed(client, model=model.name, messages=HELLO).read().text == site.text(model)


def test_reasoning_is_told_by_the_models_policy(site, client):
    for policy, shown in [("hidden", False), ("progress", False), ("full", True)]:
        model = site.model("rate=0;tokens=3;reasoning=5", reasoning=policy)
        message = client.chat.completions.create(model=model.name, messages=HELLO).choices[0].message
        assert bool((message.model_extra or {}).get("reasoning_content")) is shown
        deltas = [c.choices[0].delta for c in Streamed(client, model=model.name, messages=HELLO).read().chunks]
        assert any((delta.model_extra or {}).get("reasoning_content") for delta in deltas) is shown


# MARK: what is asked


def test_the_request_brings_its_own_history(site, client):
    model = site.model("rate=0;tokens=3", system_prompt="The system's.", prefix_prompt="The prefix.")
    messages = [
        {"role": "developer", "content": "Developer's."},
        {"role": "user", "content": "One"},
        {"role": "assistant", "content": "First."},
        {"role": "system", "content": [{"type": "text", "text": "Later."}]},
        {"role": "user", "content": [{"type": "text", "text": "Two"}]},
    ]
    client.chat.completions.create(model=model.name, messages=messages)
    [request] = site.upstream(model)
    said = [(message["role"], message["content"]) for message in request["body"]["messages"]]
    assert said == [
        ("system", "The system's."),
        ("system", "Developer's."),
        ("user", "The prefix.\n\nOne"),
        ("assistant", "First."),
        ("system", "Later."),
        ("user", "Two"),
    ]


def test_images_go_along(site, client):
    model = site.model("rate=0;tokens=3;images=1")
    data = "data:image/gif;base64,R0lGODlhAQABAAAAACw="
    content = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "https://www.example.com/cat.png", "detail": "low"}},
        {"type": "image_url", "image_url": {"url": data}},
    ]
    answer = client.chat.completions.create(model=model.name, messages=[{"role": "user", "content": content}])
    assert "I see 2 images." in answer.choices[0].message.content
    urls = [part["image_url"]["url"] for part in site.upstream(model)[0]["body"]["messages"][0]["content"][1:]]
    assert urls == ["https://www.example.com/cat.png", data]


def test_parameters_replace_the_models_own_within_its_limit(site, client):
    model = site.model("rate=0;tokens=50", parameters=json.dumps({"temperature": 0.1, "seed": 7, "max_tokens": 20}))
    asked_for = {"temperature": 1.5, "top_p": 0.5, "stop": ["§"], "presence_penalty": 1, "metadata": {"shop": "7"}}
    ignored = {"user": "u-1", "store": False, "service_tier": "auto", "logprobs": False, "n": 1}
    answer = client.chat.completions.create(
        model=model.name, messages=HELLO, max_completion_tokens=5, **asked_for, **ignored
    )
    assert (answer.choices[0].finish_reason, answer.usage.completion_tokens) == ("length", 5)
    body = site.upstream(model)[0]["body"]
    assert {name: body[name] for name in ("temperature", "top_p", "stop", "presence_penalty", "seed", "max_tokens")} == {
        "temperature": 1.5, "top_p": 0.5, "stop": ["§"], "presence_penalty": 1, "seed": 7, "max_tokens": 5,
    }
    assert not {"metadata", *ignored} & set(body)
    assert site.turn(turn_of(answer.id))["metadata"] == {"shop": "7"}
    # More than the model's own is not to be had.
    client.chat.completions.create(model=model.name, messages=HELLO, max_tokens=4_000)
    assert site.upstream(model)[1]["body"]["max_tokens"] == 20


@pytest.mark.parametrize(
    ("driver", "path"),
    [
        ("openai", ("response_format", "json_schema", "schema")),
        ("responses", ("text", "format", "schema")),
        ("anthropic", ("output_config", "format", "schema")),
        ("gemini", ("generationConfig", "responseJsonSchema")),
        ("ollama", ("format",)),
    ],
)
def test_structured_output_reaches_the_provider(site, client, routed_by, driver, path):
    name, route = routed_by(driver, "rate=0;tokens=3")
    schema = {
        "type": "object",
        "properties": {"why": {"type": "string"}, "a": {"type": "integer"}},
        "required": ["why", "a"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "json_schema": {"name": "verdict", "strict": True, "schema": schema}}
    client.chat.completions.create(model=name, messages=HELLO, response_format=form)
    found = asked(site, route)[0]["body"]
    for member in path:
        found = found[member]
    assert found == schema
    # The order of its members is that of the answer's.
    assert list(found["properties"]) == ["why", "a"]


# MARK: tools


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("driver", DRIVERS)
def test_a_round_with_tools(site, client, routed_by, driver, streams):
    """The model calls, the client answers, the model goes on: nothing of it is Sluice's own."""
    name, route = routed_by(driver, "rate=0;tokens=4;tools=3")
    messages = [{"role": "user", "content": "Open the gates."}]
    request = {"model": name, "tools": [tool("open_gate"), tool("close_gate")]}
    if streams:
        first = Streamed(client, messages=messages, **request).read()
        reason, calls, said = first.finish_reason, first.calls, first.text
    else:
        [choice] = client.chat.completions.create(messages=messages, **request).choices
        reason, said = choice.finish_reason, choice.message.content
        calls = [{"id": call.id, **call.function.model_dump()} for call in choice.message.tool_calls]
    assert (reason, said) == ("tool_calls", text(site, route))
    assert [call["name"] for call in calls] == ["open_gate", "close_gate", "open_gate"]
    assert [json.loads(call["arguments"])["gate"] for call in calls] == [1, 2, 3]
    assert len({call["id"] for call in calls}) == 3
    messages.append(
        {
            "role": "assistant",
            "content": said,
            "tool_calls": [
                {"id": c["id"], "type": "function", "function": {"name": c["name"], "arguments": c["arguments"]}}
                for c in calls
            ],
        }
    )
    messages += [{"role": "tool", "tool_call_id": call["id"], "content": f"done {n}"} for n, call in enumerate(calls)]
    if streams:
        second = Streamed(client, messages=messages, **request).read()
        reason, calls, said = second.finish_reason, second.calls, second.text
    else:
        [choice] = client.chat.completions.create(messages=messages, **request).choices
        reason, calls, said = choice.finish_reason, choice.message.tool_calls, choice.message.content
    assert (reason, said) == ("stop", text(site, route)) and not calls
    sent = json.dumps(asked(site, route)[1]["body"], ensure_ascii=False)
    assert all(word in sent for word in ("open_gate", "close_gate", "done 0", "done 1", "done 2", "half "))


@pytest.mark.parametrize("driver", DRIVERS)
def test_calls_of_a_model_that_does_not_stream(client, routed_by, driver):
    name, _ = routed_by(driver, "rate=0;tokens=4;tools=2", stream=False)
    answer = Streamed(client, model=name, messages=HELLO, tools=[tool("open_gate")]).read()
    assert (answer.finish_reason, [call["name"] for call in answer.calls]) == ("tool_calls", ["open_gate"] * 2)
    assert [json.loads(call["arguments"])["gate"] for call in answer.calls] == [1, 2]


def test_calls_are_in_the_log_for_other_readers(site, client, visitor):
    model = site.model("rate=0;tokens=0;tools=1")
    answer = client.chat.completions.create(model=model.name, messages=HELLO, tools=[tool("open_gate")])
    assert answer.choices[0].message.content is None
    [call] = answer.choices[0].message.tool_calls
    events = [event for event in site.events(turn_of(answer.id)) if event["type"] == "tool"]
    assert events == [
        {
            "type": "tool",
            "id": call.id,
            "name": "open_gate",
            "arguments": call.function.arguments,
            "status": "requested",
        }
    ]
    reply = visitor.request("GET", f"/chat/{turn_of(answer.id)}/poll?cursor=1.0").json()
    assert events[0] in reply["events"] and reply["finish_reason"] == "tool_calls"


def test_a_call_that_nobody_offered_ends_the_turn(site, visitor, client):
    model = site.model("rate=0;tokens=3;tools=2")
    turn = visitor.start(model=model.name).read()
    assert turn.end["error"]["code"] == "tool_refused"
    assert not any(event["type"] == "tool" for event in turn.events)
    with pytest.raises(openai.PermissionDeniedError) as failure:
        client.chat.completions.create(model=model.name, messages=HELLO, tool_choice="none", tools=[tool("a")])
    assert failure.value.code == "tool_refused"
    assert "tools" not in site.upstream(model)[1]["body"]


@pytest.mark.parametrize(
    ("choice", "sent"),
    [("auto", None), ("required", "required"), ({"type": "function", "function": {"name": "b"}},) * 2],
)
def test_the_choice_of_tools_goes_along(site, client, choice, sent):
    model = site.model("rate=0;tokens=1")
    client.chat.completions.create(
        model=model.name,
        messages=HELLO,
        tools=[tool("a"), tool("b", strict=True)],
        tool_choice=choice,
        parallel_tool_calls=False,
    )
    body = site.upstream(model)[0]["body"]
    assert (body.get("tool_choice"), body["parallel_tool_calls"]) == (sent, False)
    assert [one["function"]["name"] for one in body["tools"]] == ["a", "b"]
    assert body["tools"][1]["function"]["strict"] is True


def test_a_model_without_tools_says_so(site, client):
    model = site.model("rate=0;tokens=1", notool=True)
    with pytest.raises(openai.BadRequestError) as failure:
        client.chat.completions.create(model=model.name, messages=HELLO, tools=[tool("a")])
    assert failure.value.param == "tools"
    call = {"id": "call_1", "type": "function", "function": {"name": "a", "arguments": "{}"}}
    round = [*HELLO, {"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": "call_1", "content": "7"}]
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model=model.name, messages=round)
    rows = site.sql.execute("select from turn where model_name = %s", [model.name]).fetchall()
    assert rows == [] and site.upstream(model) == []


def calling(size: int):
    """A provider whose model calls a tool with so many bytes of arguments."""
    arguments = json.dumps({"code": "ü\n" * (size // 3)}, ensure_ascii=False)

    def answer(connection, body):
        def piece(**call):
            return event({"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, **call}]}}]})

        connection.sendall(STREAM + piece(id="call_1", function={"name": "write", "arguments": ""}))
        for start in range(0, len(arguments), 10_000):
            connection.sendall(piece(function={"arguments": arguments[start : start + 10_000]}))
        connection.sendall(event({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}))
        connection.sendall(event("[DONE]"))
        connection.shutdown(socket.SHUT_WR)

    return arguments, ScriptedProvider(answer)


@pytest.mark.parametrize("streams", [False, True])
def test_a_long_call_comes_whole(site, client, streams):
    arguments, provider = calling(400_000)
    model = site.model(route={"region": provider.url})
    request = {"model": model.name, "messages": HELLO, "tools": [tool("write")]}
    if streams:
        [call] = Streamed(client, **request).read().calls
        assert call == {"id": "call_1", "name": "write", "arguments": arguments}
    else:
        [call] = client.chat.completions.create(**request).choices[0].message.tool_calls
        assert (call.id, call.function.arguments) == ("call_1", arguments)


def test_a_call_past_the_bound_is_an_error(site, client):
    _, provider = calling(2 << 20)
    model = site.model(route={"region": provider.url})
    with pytest.raises(openai.InternalServerError) as failure:
        client.chat.completions.create(model=model.name, messages=HELLO, tools=[tool("write")])
    assert (failure.value.status_code, failure.value.code) == (500, "tool_call_too_long")
    assert failure.value.response.headers["x-should-retry"] == "false"


# MARK: errors


def test_a_key_that_is_none(site):
    stranger = openai_client(site.nginx.url, "sk_nobody")
    with pytest.raises(openai.AuthenticationError) as failure:
        stranger.chat.completions.create(model="m", messages=HELLO)
    assert failure.value.code == "invalid_api_key"
    with pytest.raises(openai.AuthenticationError):
        stranger.models.list()


def test_a_model_that_is_none(client):
    with pytest.raises(openai.NotFoundError) as failure:
        client.chat.completions.create(model="no-such-model", messages=HELLO)
    assert failure.value.code == "model_not_found"


@pytest.mark.parametrize(
    ("scenario", "status", "code", "retries"),
    [
        ("fault=status;status=429;retry=none", 429, "upstream_rate_limited", True),
        ("fault=status;status=503;retry=none", 503, "upstream_overloaded", True),
        ("fault=status;status=500", 502, "upstream_error", True),
        ("fault=status;status=401", 500, "upstream_unauthorized", False),
        ("fault=status;status=400", 400, "upstream_refused", False),
        ("fault=cut;after=3;rate=0", 502, "upstream_truncated", True),
    ],
)
def test_a_provider_that_fails(site, client, scenario, status, code, retries):
    model = site.model(scenario)
    with pytest.raises(openai.APIStatusError) as failure:
        client.chat.completions.create(model=model.name, messages=HELLO)
    assert (failure.value.status_code, failure.value.code) == (status, code)
    assert failure.value.response.headers["x-should-retry"] == str(retries).lower()
    assert isinstance(failure.value, openai.RateLimitError) is (status == 429)
    with pytest.raises(openai.APIError) as failure:
        Streamed(client, model=model.name, messages=HELLO).read()
    assert failure.value.body["code"] == code


def test_the_library_asks_again_by_itself(site, visitor):
    patient = openai_client(site.nginx.url, visitor.token, max_retries=2)
    begun = []

    def answer(connection, body):
        begun.append(body)
        if len(begun) < 3:
            connection.sendall(b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\n{}")
        else:
            message = {"index": 0, "delta": {"content": "Now."}, "finish_reason": "stop"}
            connection.sendall(STREAM + event({"choices": [message]}) + event("[DONE]"))
        connection.shutdown(socket.SHUT_WR)

    model = site.model(route={"region": ScriptedProvider(answer).url})
    answered = patient.chat.completions.create(model=model.name, messages=HELLO)
    assert answered.choices[0].message.content == "Now." and len(begun) == 3


def test_more_than_the_server_bears_is_a_rate_limit(site):
    hasty = openai_client(site.nginx.url, site.client().token)
    with pytest.raises(openai.RateLimitError) as failure:
        for _ in range(2_000):
            hasty.models.list()
    assert failure.value.code == "too_many_requests"
    assert int(failure.value.response.headers["retry-after"]) >= 1


def test_a_history_past_the_models_limit(site, client):
    model = site.model("rate=0;tokens=1", history_token_limit=10)
    messages = [{"role": "user", "content": "word " * 20}, {"role": "assistant", "content": "So."}, *HELLO]
    with pytest.raises(openai.BadRequestError) as failure:
        client.chat.completions.create(model=model.name, messages=messages)
    assert failure.value.code == "context_length_exceeded"


def test_tools_and_the_form_of_the_answer_count_for_the_limit(site, client):
    model = site.model("rate=0;tokens=1", history_token_limit=1000)
    schema = {"name": "long", "schema": {"type": "object", "description": "word " * 1000}}
    for more in ({"tools": [tool("a" * 64)] * 100}, {"response_format": {"type": "json_schema", "json_schema": schema}}):
        with pytest.raises(openai.BadRequestError) as failure:
            client.chat.completions.create(model=model.name, messages=HELLO, **more)
        assert failure.value.code == "context_length_exceeded"


def test_a_request_is_kept_only_while_another_node_may_have_to_ask_it_again(site, client, visitor):
    def stored(id):
        return site.sql.execute("select * from turn where id = %s", [id]).fetchone()

    for interrupted in ("keep", "restart"):
        model = site.model("rate=5;tokens=1000", on_interrupt=interrupted)
        with client.chat.completions.create(model=model.name, messages=HELLO, metadata={"a": "b"}, stream=True) as stream:
            id = turn_of(next(iter(stream)).id)
            assert bool(stored(id)["request"]) == (interrupted == "restart")
            assert visitor.request("POST", f"/chat/{id}/cancel").status_code == 202
            with pytest.raises(openai.APIError):
                list(stream)
        turn = stored(id)
        assert turn["state"] == "cancelled" and turn["request"] is None and turn["metadata"]
        assert visitor.request("DELETE", f"/chat/conversations/{turn['conversation_id']}").status_code == 204
        assert stored(id)["metadata"] == {}


WRONG = [
    (b"{", None),
    (b"[]", None),
    ({"messages": HELLO}, "model"),
    ({"model": "m"}, "messages"),
    ({"messages": []}, "messages"),
    ({"messages": [{"role": "system", "content": "Alone."}]}, "messages"),
    ({"messages": [{"content": "x"}]}, "messages[0].role"),
    ({"messages": [{"role": "function", "content": "x"}]}, "messages[0].role"),
    ({"messages": [{"role": "user", "content": " "}]}, "messages[0].content"),
    ({"messages": [{"role": "user", "content": 7}]}, "messages[0].content"),
    ({"messages": [*HELLO, {"role": "assistant"}]}, "messages[1].content"),
    ({"messages": [*HELLO, {"role": "tool", "tool_call_id": "x", "content": "y"}]}, "messages[1].tool_call_id"),
    ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages[0].content[0].type"),
    (
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "file:///a"}}]}]},
        "messages[0].content[0].image_url.url",
    ),
    (
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png,a"}}]}]},
        "messages[0].content[0].image_url.url",
    ),
    ({"n": 2}, "n"),
    ({"logprobs": True}, "logprobs"),
    ({"modalities": ["text", "audio"]}, "modalities"),
    ({"audio": {}}, "audio"),
    ({"functions": []}, "functions"),
    ({"logit_bias": {"50256": -100}}, "logit_bias"),
    ({"top_k": 5}, "top_k"),
    ({"temperature": 3}, "temperature"),
    ({"max_completion_tokens": 0}, "max_completion_tokens"),
    ({"response_format": {"type": "xml"}}, "response_format"),
    ({"stream": "yes"}, "stream"),
    ({"stream_options": {"include_usage": 1}}, "stream_options.include_usage"),
    ({"metadata": {"a": 1}}, "metadata"),
    ({"tools": [tool("a")] * 129}, "tools"),
    ({"tools": [{"type": "custom"}]}, "tools[0].type"),
    ({"tools": [tool("a b")]}, "tools[0].function.name"),
    ({"tools": [tool("a", parameters=[])]}, "tools[0].function.parameters"),
    ({"tools": [tool("a")], "tool_choice": {"type": "function", "function": {"name": "b"}}}, "tool_choice"),
    ({"tool_choice": "required"}, "tool_choice"),
]


@pytest.mark.parametrize(("wrong", "param"), WRONG, ids=[str(param or wrong)[:40] for wrong, param in WRONG])
def test_a_wrong_request(site, visitor, wrong, param):
    if isinstance(wrong, dict):
        missing = {"model", "messages"} - set(wrong) if param in ("model", "messages") and len(wrong) == 1 else set()
        whole = {"model": "m", "messages": HELLO, **wrong}
        if param in missing:
            del whole[param]
        wrong = whole
    reply = post(site, visitor, wrong)
    error = reply.json()["error"]
    assert (reply.status_code, error["type"], error["param"]) == (400, "invalid_request_error", param), reply.text
    assert set(reply.json()) == {"error"} and set(error) == {"message", "type", "param", "code"}
    assert reply.headers["x-should-retry"] == "false"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing", 404, "not_found"),
        ("GET", "/v1/chat/completions", 405, "method_not_allowed"),
        ("POST", "/v1/models", 405, "method_not_allowed"),
    ],
)
def test_what_no_route_takes_is_told_in_openais_form(visitor, method, path, status, code):
    reply = visitor.request(method, path)
    assert reply.status_code == status
    assert (reply.json()["error"]["code"], reply.json()["error"]["param"]) == (code, None)
    assert (reply.headers.get("allow") is not None) is (status == 405)


def test_a_body_that_is_too_long(site, client):
    with pytest.raises(openai.APIStatusError) as failure:
        client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x" * (1 << 20)}])
    assert (failure.value.status_code, failure.value.code) == (413, "body_too_large")


# MARK: one turn, however often and by whomever it is asked for


def test_a_repeated_key_is_the_same_turn(site, client, visitor):
    model = site.model("rate=0;tokens=5;tools=1")
    key = {"extra_headers": {"Idempotency-Key": new_key()}}
    request = {"model": model.name, "messages": HELLO, "tools": [tool("a")], **key}
    first = client.chat.completions.create(**request)
    assert client.chat.completions.create(**request) == first
    streamed = Streamed(client, **request).read()
    assert streamed.id == first.id
    assert streamed.text == first.choices[0].message.content
    assert streamed.calls[0]["arguments"] == first.choices[0].message.tool_calls[0].function.arguments
    assert len(site.upstream(model)) == 1
    with pytest.raises(openai.BadRequestError) as failure:
        client.chat.completions.create(**{**request, "temperature": 1})
    assert failure.value.code == "idempotency_key_reused"


def test_a_repeated_key_long_after_comes_from_the_database(deploy):
    deployment = deploy()
    deployment.add_node()
    deployment.add_nginx()
    model = deployment.model("rate=0;tokens=5;tools=2")
    client = openai_client(deployment.nginx.url, deployment.client().token)
    request = {"model": model.name, "messages": HELLO, "tools": [tool("a")]}
    request |= {"extra_headers": {"Idempotency-Key": new_key()}}
    first = client.chat.completions.create(**request)
    [node] = deployment.nodes
    node.kill()
    node.start()
    assert client.chat.completions.create(**request) == first
    assert Streamed(client, **request).read().text == first.choices[0].message.content
    assert len(deployment.upstream(model)) == 1


def test_who_closes_the_stream_does_not_end_the_turn(site, client):
    model = site.model("rate=200;tokens=60")
    answer = Streamed(client, model=model.name, messages=HELLO).read_some()
    answer.stream.close()
    turn = turn_of(answer.id)
    wait_until(lambda: site.turn(turn)["state"] != "streaming", "the turn to end", 20)
    assert site.turn(turn)["state"] == "done"
    said = "".join(event.get("text", "") for event in site.events(turn) if event["type"] == "text")
    assert said == site.text(model)


def test_who_cancels_the_turn_ends_the_stream(site, client, visitor):
    model = site.model("rate=20;tokens=5000")
    answer = Streamed(client, model=model.name, messages=HELLO).read_some()
    assert visitor.request("POST", f"/chat/{turn_of(answer.id)}/cancel").status_code == 202
    with pytest.raises(openai.APIError) as failure:
        answer.read()
    assert failure.value.body["code"] == "cancelled"
    assert site.text(model).startswith(answer.text)


def test_a_visitor_may_have_no_more_streams_than_elsewhere(site):
    client = openai_client(site.nginx.url, site.client().token, max_retries=0)
    model = site.model("rate=50;tokens=100000")
    answers = [Streamed(client, model=model.name, messages=HELLO).read_some() for _ in range(16)]
    with pytest.raises(openai.InternalServerError) as failure:
        client.chat.completions.create(model=model.name, messages=HELLO, stream=True)
    assert failure.value.code == "too_many_streams"
    for answer in answers:
        answer.stream.close()
    site.sql.execute("update turn set cancel_requested_at = now() where model_name = %s", [model.name])
    wait_until(lambda: site.simulator.open_streams(model.provider_model) == 0, "the turns to end", 20)


def test_a_surface_key_may_have_many_streams(site):
    """One key stands for any number of people."""
    shop = site.sql.execute("select id from surface where name = 'staff'").fetchone()["id"]
    key = f"sk_{uuid.uuid4().hex}"
    identity = site.insert("identity", kind="service")["id"]
    site.sql.execute(
        "insert into surface_key (surface_id, identity_id, label, hash) values (%s, %s, 'test', sha256(%s))",
        [shop, identity, key.encode()],
    )
    client = openai_client(site.nginx.url, key)
    model = site.model("rate=50;tokens=100000")
    answers = [Streamed(client, model=model.name, messages=HELLO).read_some() for _ in range(20)]
    assert len({answer.id for answer in answers}) == 20
    for answer in answers:
        answer.stream.close()
    site.sql.execute("update turn set cancel_requested_at = now() where model_name = %s", [model.name])
    wait_until(lambda: site.simulator.open_streams(model.provider_model) == 0, "the turns to end", 20)
