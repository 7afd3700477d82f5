"""Conversations: their list and history, trees of messages, parts, history limits, deletion; and the models."""

import base64
import threading
import uuid

import pytest
from chat_client import ChatClient, Turn

PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n0123456789").decode()


def conversations(client: ChatClient, **query) -> dict:
    response = client.request("GET", "/chat/conversations", params=query)
    assert response.status_code == 200, response.text
    return response.json()


def history(client: ChatClient, conversation: str, **query) -> dict:
    response = client.request("GET", f"/chat/conversations/{conversation}", params=query)
    assert response.status_code == 200, response.text
    return response.json()


def seen(site, model) -> list[tuple[str, object]]:
    """Role and content of what the provider was sent last."""
    return [(message["role"], message["content"]) for message in site.upstream(model)[-1]["body"]["messages"]]


def test_a_conversation_is_listed_and_read_as_it_was_held(site):
    client, model = site.client(), site.model("rate=0;text=echo")
    first = client.ask("One", model=model.name)
    second = client.ask("Two", model=model.name, conversation=first["conversation"])
    [entry] = conversations(client)["conversations"]
    assert entry["conversation"] == first["conversation"] and entry["surface"] == "web"
    assert "live_turn" not in entry
    found = history(client, first["conversation"])
    assert [(m["role"], m["content"]) for m in found["messages"]] == [
        ("user", "One"),
        ("assistant", "One"),
        ("user", "Two"),
        ("assistant", "Two"),
    ]
    ids = [m["id"] for m in found["messages"]]
    assert [m.get("after") for m in found["messages"]] == [None, *ids[:-1]]
    assert ids[1] == first["message"]["id"] and ids[3] == second["message"]["id"]
    assert [m["turn"] for m in found["messages"]] == [first["turn"]] * 2 + [second["turn"]] * 2
    assert found["messages"][3]["state"] == "done" and found["messages"][3]["finish_reason"] == "stop"
    assert "live_turn" not in found


def test_a_live_turn_is_found_with_all_it_takes_to_read_and_cancel_it(site):
    client, model = site.client(), site.model("rate=50;tokens=2000")
    turn = client.start(model=model.name)
    assert conversations(client)["conversations"][0]["live_turn"] == turn.id
    found = history(client, turn.conversation)
    assert [m["role"] for m in found["messages"]] == ["user"]
    live = Turn(client, found["live_turn"])
    assert live.id == turn.id and live.cursor == "1.0"
    live.read_some(20)
    assert live.cancel().status_code == 202
    assert live.read().state == "cancelled"
    after = history(client, turn.conversation)
    assert "live_turn" not in after
    assert after["messages"][1]["content"] == live.text and after["messages"][1]["state"] == "cancelled"


def test_a_start_names_the_message_that_can_be_edited(site):
    client, model = site.client(), site.model("rate=0;text=echo")
    classic = client.ask("One", model=model.name)
    streamed = client.start("Two", model=model.name, conversation=classic["conversation"]).read()
    users = [m["id"] for m in history(client, classic["conversation"])["messages"] if m["role"] == "user"]
    assert users == [classic["user_message"], streamed.started["user_message"]]


def test_lists_come_in_pages(site):
    client, model = site.client(), site.model("rate=0;tokens=1")
    made = [client.ask(str(n), model=model.name)["conversation"] for n in range(5)]
    pages, before = [], None
    while True:
        page = conversations(client, limit=2, **({"before": before} if before else {}))
        pages.append([c["conversation"] for c in page["conversations"]])
        if not (before := page.get("before")):
            break
    assert pages == [made[:2:-1], made[2:0:-1], made[:1]]


def test_messages_come_in_pages_from_the_newest(site):
    client, model = site.client(), site.model("rate=0;text=echo")
    conversation = client.ask("0", model=model.name)["conversation"]
    for n in range(1, 4):
        client.ask(str(n), model=model.name, conversation=conversation)
    texts, before = [], None
    while True:
        page = history(client, conversation, limit=3, **({"before": before} if before else {}))
        texts.insert(0, [m["content"] for m in page["messages"]])
        if not (before := page.get("before")):
            break
    assert texts == [["0", "0"], ["1", "1", "2"], ["2", "3", "3"]]


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=1000", "before=nonsense", "before=1.x", "before=-1.x"])
def test_pages_that_do_not_exist_are_refused(site, query):
    client = site.client()
    response = client.request("GET", f"/chat/conversations?{query}")
    assert response.status_code == 400, response.text


def test_another_ones_conversation_is_like_none(site):
    owner, other, model = site.client(), site.client(), site.model("rate=0;tokens=1")
    conversation = owner.ask(model=model.name)["conversation"]
    for method in ("GET", "DELETE"):
        foreign = other.request(method, f"/chat/conversations/{conversation}")
        absent = other.request(method, f"/chat/conversations/{uuid.uuid4()}")
        malformed = other.request(method, "/chat/conversations/nonsense")
        assert foreign.status_code == absent.status_code == malformed.status_code == 404
        assert foreign.content == absent.content == malformed.content
    assert conversations(other)["conversations"] == []
    assert len(history(owner, conversation)["messages"]) == 2


def test_a_turns_token_opens_no_conversations(site):
    client, model = site.client(), site.model("rate=0;tokens=1")
    turn = client.start(model=model.name)
    for path in ("/chat/conversations", f"/chat/conversations/{turn.conversation}", "/chat/models"):
        assert client.request("GET", path, token=turn.token).json()["error"]["code"] == "session_required"
    turn.read()


def test_after_regenerates_and_edits(site):
    client, model = site.client(), site.model("rate=0;text=echo")
    first = client.ask("One", model=model.name)
    conversation = first["conversation"]
    client.ask("Two", model=model.name, conversation=conversation)
    # Two again, as a sibling of the first Two.
    client.ask("Two", model=model.name, conversation=conversation, after=first["message"]["id"])
    assert seen(site, model) == [("user", "One"), ("assistant", "One"), ("user", "Two")]
    # Another first message.
    root = client.ask("Other", model=model.name, conversation=conversation, after=None)
    assert seen(site, model) == [("user", "Other")]
    # Without `after` it follows the newest, which is on the new branch.
    client.ask("More", model=model.name, conversation=conversation)
    assert seen(site, model) == [("user", "Other"), ("assistant", "Other"), ("user", "More")]
    messages = {m["id"]: m for m in history(client, conversation)["messages"]}
    twos = [m for m in messages.values() if m["content"] == "Two" and m["role"] == "user"]
    assert [m["after"] for m in twos] == [first["message"]["id"]] * 2
    assert "after" not in messages[messages[root["message"]["id"]]["after"]]


def test_after_must_name_a_message_of_the_conversation(site):
    client, model = site.client(), site.model("rate=0;tokens=1")
    first, second = client.ask(model=model.name), client.ask(model=model.name)
    before = site.sql.execute("select count(*) as n from turn").fetchone()["n"]
    for after in (second["message"]["id"], str(uuid.uuid4()), "nonsense"):
        response = client.post_start(
            {"message": "x", "model": model.name, "conversation": first["conversation"], "after": after}
        )
        assert (response.status_code, response.json()["error"]["code"]) == (422, "unknown_message")
    response = client.post_start({"message": "x", "model": model.name, "after": first["message"]["id"]})
    assert (response.status_code, response.json()["error"]["code"]) == (400, "malformed")
    assert site.sql.execute("select count(*) as n from turn").fetchone()["n"] == before
    # Nothing of a refused start is left: the conversation takes the next one.
    client.ask("still", model=model.name, conversation=first["conversation"])


def test_parts_reach_the_provider_and_come_back(site):
    client, model = site.client(), site.model("rate=0;tokens=3")
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image", "url": "https://images.example/cat.png?size=1"},
        {"type": "image", "media_type": "image/png", "data": PIXEL},
    ]
    answer = client.ask(parts, model=model.name)
    assert seen(site, model) == [
        (
            "user",
            [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": "https://images.example/cat.png?size=1"}},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
            ],
        )
    ]
    assert history(client, answer["conversation"])["messages"][0]["content"] == parts
    # The next turn's history has them too.
    client.ask("And now?", model=model.name, conversation=answer["conversation"])
    assert len(seen(site, model)[0][1]) == 3
    # Only text is a plain string again.
    client.ask([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], model=model.name)
    assert seen(site, model) == [("user", "ab")]


def test_history_is_cut_by_whole_turns(site):
    client = site.client()
    model = site.model("rate=0;text=echo", history_limit=4)
    conversation = client.ask("1", model=model.name)["conversation"]
    for text in ("2", "3", "4"):
        client.ask(text, model=model.name, conversation=conversation)
    # Four messages would begin with an answer: its turn goes whole.
    assert seen(site, model) == [("user", "3"), ("assistant", "3"), ("user", "4")]


def test_history_is_cut_by_estimated_tokens(site):
    client = site.client()
    model = site.model("rate=0;text=echo", history_token_limit=100)
    conversation = client.ask("a" * 200, model=model.name)["conversation"]
    client.ask("b" * 40, model=model.name, conversation=conversation)
    # 50 + 50 + 10 tokens would be too many.
    assert seen(site, model) == [("user", "b" * 40)]
    client.ask("c" * 40, model=model.name, conversation=conversation)
    assert seen(site, model) == [("user", "b" * 40), ("assistant", "b" * 40), ("user", "c" * 40)]
    before = len(site.upstream(model))
    response = client.post_start({"message": "d" * 404, "model": model.name, "conversation": conversation})
    assert (response.status_code, response.json()["error"]["code"]) == (422, "context_too_long")
    assert len(site.upstream(model)) == before
    client.ask("e", model=model.name, conversation=conversation)


def test_a_deleted_conversation_is_gone_with_its_text(site):
    client, model = site.client(), site.model("rate=0;text=echo")
    turn = client.start("A secret", model=model.name, metadata={"note": "secret"}).read()
    conversation = turn.conversation
    kept = client.ask("Kept", model=model.name)
    response = client.request("DELETE", f"/chat/conversations/{conversation}")
    assert (response.status_code, response.content) == (204, b"")
    assert client.request("GET", f"/chat/conversations/{conversation}").status_code == 404
    assert client.request("DELETE", f"/chat/conversations/{conversation}").status_code == 404
    assert [c["conversation"] for c in conversations(client)["conversations"]] == [kept["conversation"]]
    gone = turn.another_reader().get(wait=0)
    assert (gone.status_code, gone.json()["error"]["code"]) == (410, "purged")
    for table in ("message", "turn_delta", "turn", "conversation"):
        [row] = site.sql.execute(f"select count(*) as n from {table} t where t::text like '%secret%'").fetchall()
        assert row["n"] == 0, table
    start = client.post_start({"message": "x", "model": model.name, "conversation": conversation})
    assert start.status_code == 404
    assert site.turn(turn.id)["state"] == "done"


def test_a_conversation_with_a_live_turn_is_not_deleted(site):
    client, model = site.client(), site.model("rate=50;tokens=1000")
    turn = client.start(model=model.name)
    response = client.request("DELETE", f"/chat/conversations/{turn.conversation}")
    assert (response.status_code, response.json()["error"]["code"]) == (409, "turn_in_progress")
    live = Turn(client, response.json())
    assert live.cancel().status_code == 202
    live.read()
    assert client.request("DELETE", f"/chat/conversations/{turn.conversation}").status_code == 204


def test_starts_that_race_with_a_deletion_leave_nothing_half(site):
    client, model = site.client(), site.model("rate=0;tokens=1")
    for _ in range(10):
        conversation = client.ask(model=model.name)["conversation"]
        replies = []

        def start():
            other = ChatClient(site.nginx.url)
            other.token = client.token
            replies.append(
                other.post_start({"message": "x", "model": model.name, "conversation": conversation}).status_code
            )

        racers = [threading.Thread(target=start) for _ in range(3)]
        for racer in racers:
            racer.start()
        deleted = client.request("DELETE", f"/chat/conversations/{conversation}").status_code
        for racer in racers:
            racer.join()
        assert set(replies) <= {200, 404, 409, 503} and deleted in (204, 409)
        orphans = site.sql.execute(
            "select count(*) as n from turn t where t.state = 'streaming' and not exists "
            "(select from conversation c where c.live_turn = t.id) and t.created_at < now() - interval '5 s'"
        ).fetchone()
        assert orphans["n"] == 0
        alive = site.sql.execute("select count(*) as n from conversation where id = %s", [conversation]).fetchone()["n"]
        messages = site.sql.execute(
            "select count(*) as n from message where conversation_id = %s", [conversation]
        ).fetchone()["n"]
        assert (alive == 1 and messages >= 2) or (alive == 0 and messages == 0)


def test_models_are_listed_without_what_is_behind_them(site):
    client = site.client()
    model = site.model("rate=0", title="A fine model")
    hidden = site.model("rate=0", enabled=False)
    response = client.request("GET", "/chat/models")
    assert response.status_code == 200
    models = {entry["name"]: entry for entry in response.json()["models"]}
    assert models[model.name] == {"name": model.name, "title": "A fine model", "streams": True, "default": False}
    assert hidden.name not in models
    assert model.provider_model not in response.text and "127.0.0.1" not in response.text
    site.sql.execute("update model_route set enabled = false where provider_model = %s", [model.provider_model])
    assert model.name not in client.request("GET", "/chat/models").text


def test_pages_of_other_origins_may_use_them(site):
    client = ChatClient(site.nginx.url)
    origin = {"Origin": "https://shop.example"}
    client.open_session("shop", headers=origin)
    for path in ("/chat/conversations", "/chat/models"):
        response = client.request("GET", path, headers=origin)
        assert response.headers["Access-Control-Allow-Origin"] == "https://shop.example"
        preflight = client.request("OPTIONS", path, headers=origin)
        assert preflight.status_code == 204 and "DELETE" in preflight.headers["Access-Control-Allow-Methods"]
        refused = client.request("GET", path, headers={"Origin": "https://other.example"})
        assert refused.json()["error"]["code"] == "origin_refused"
