"""Conversations: their list and history, trees of messages, parts, history limits, deletion; and the models."""

import base64
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from chat_client import ChatClient, Turn
from scrape import Scrape
from signed_token import SESSION, signed
from stack import wait_until

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


SOMEWHERE = uuid.uuid4()


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=1000", "before=nonsense", "before=1.x"])
def test_pages_that_do_not_exist_are_refused(site, query):
    client = site.client()
    response = client.request("GET", f"/chat/conversations?{query}")
    assert response.status_code == 400, response.text


# Past PostgreSQL's times, past the integers, past the year 9999, before all.
@pytest.mark.parametrize("time", [2**63 - 1, 2**63, 253_402_300_800_000_000, -1, -(2**63)])
def test_a_page_before_a_time_that_never_was_is_refused(site, time):
    client, model = site.client(), site.model("rate=0;tokens=1")
    conversation = client.ask(model=model.name)["conversation"]
    for path in ("/chat/conversations", f"/chat/conversations/{conversation}"):
        response = client.request("GET", path, params={"before": f"{time}.{SOMEWHERE}"})
        assert (response.status_code, response.json()["error"]["code"]) == (400, "bad_cursor"), path


def test_a_page_may_begin_at_the_end_of_all_times(site):
    client, model = site.client(), site.model("rate=0;tokens=1")
    conversation = client.ask(model=model.name)["conversation"]
    before = f"{253_402_300_799_999_999}.{SOMEWHERE}"
    assert len(conversations(client, before=before)["conversations"]) == 1
    assert len(history(client, conversation, before=before)["messages"]) == 2


def test_a_page_of_large_messages_is_short_and_the_next_one_goes_on(site):
    client, model = site.client(), site.model("rate=0;tokens=1")
    conversation = client.ask(model=model.name)["conversation"]
    # Three of them fill a page of 4 MB.
    site.sql.execute(
        "insert into message (conversation_id, id, role, parts, created_at) select %s, gen_random_uuid(), 'user',"
        " jsonb_build_array(jsonb_build_object('type', 'text', 'text', n || repeat('x', 1300000))),"
        " now() + n * interval '1 s' from generate_series(1, 5) n",
        [conversation],
    )
    pages, before = [], None
    while True:
        page = history(client, conversation, limit=200, **({"before": before} if before else {}))
        pages.append([m["content"][0] for m in page["messages"] if len(m["content"]) > 1000])
        if not (before := page.get("before")):
            break
    assert pages == [["3", "4", "5"], ["1", "2"]]


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


def test_a_turn_that_ends_while_its_conversation_is_deleted_is_no_hindrance(deployment):
    """The deletion finds the conversation busy with a turn that has ended when it is looked at."""
    client, model = deployment.client(), deployment.model("rate=0;tokens=1")
    answer = client.ask(model=model.name)
    ended = str(uuid.uuid4())
    # Of a node that is not this one: not in its memory.
    deployment.sql.execute(
        "insert into turn select (jsonb_populate_record(t, jsonb_build_object('id', %s::uuid))).* from turn t"
        " where id = %s",
        [ended, answer["turn"]],
    )
    # That turn's end comes at the very moment when its row is read.
    deployment.sql.execute(
        f"""
        create or replace function uuid_time(id uuid) returns timestamptz language plpgsql as $$
        begin
          update sluice.conversation set live_turn = null where live_turn = $1;
          return now();
        end $$;
        update conversation set live_turn = '{ended}'
        """
    )
    assert client.request("DELETE", f"/chat/conversations/{answer['conversation']}").status_code == 204
    assert conversations(client)["conversations"] == []


def test_readers_on_another_node_are_told_that_a_conversation_was_deleted(deploy):
    """Its turn ended and its log went before that node had seen the end."""
    d = deploy()
    first, second = d.add_node(), d.add_node()
    d.add_nginx([first.addresses[0]])
    client, model = d.client(), d.model("rate=0;tokens=20;fault=stall;after=5")
    turn = client.start(model=model.name).read_some(1)
    elsewhere = ChatClient(d.add_nginx([second.addresses[0]]).url)
    elsewhere.token = client.token
    reader = Turn(elsewhere, turn.started).read_some(1)
    d.sql.execute(
        "begin; update conversation set live_turn = null;"
        f" update turn set state = 'cancelled', ended_at = now(), chunks = 1000 where id = '{turn.id}';"
        f" delete from turn_delta where turn_id = '{turn.id}'; delete from conversation; commit"
    )
    wait_until(lambda: reader.get(wait=500).status_code == 410, "the reader to be told", 15)


def test_one_identitys_pages_are_bounded_and_another_ones_are_not(deployment):
    client, other = deployment.client(), deployment.client()
    conversation = client.ask(model=deployment.model("rate=0;tokens=1").name)["conversation"]
    before = Scrape.of(deployment.nodes[0])
    requests = [
        ("GET", "/chat/conversations"),
        ("GET", f"/chat/conversations/{conversation}"),
        ("GET", f"/chat/conversations/{uuid.uuid4()}"),
        ("DELETE", f"/chat/conversations/{uuid.uuid4()}"),
        ("GET", "/chat/models"),
    ]
    refused = 0
    for method, path in requests:
        with ThreadPoolExecutor(8) as crowd:
            clients = [ChatClient(client.url) for _ in range(8)]
            answers = list(
                crowd.map(lambda n: clients[n % 8].request(method, path, token=client.token), range(400))
            )
        slowed = [answer for answer in answers if answer.status_code == 429]
        assert slowed, path
        for answer in slowed:
            assert answer.json()["error"] == {**answer.json()["error"], "code": "too_many_requests", "retryable": True}
            assert int(answer.headers["Retry-After"]) >= 1
        assert {answer.status_code for answer in answers} <= {200, 404, 429}, path
        refused += len(slowed)
        assert other.request(method, path).status_code in (200, 404)
    assert Scrape.of(deployment.nodes[0]).since(before)['sluice_bound_hits_total{bound="identity_budget"}'] == refused


def test_pages_of_all_identities_together_are_bounded(deploy):
    d = deploy()
    d.add_node(database_connections="2")
    d.add_nginx()
    before = Scrape.of(d.nodes[0])
    surface = str(d.sql.execute("select id from surface where name = 'web'").fetchone()["id"])
    expires = int(time.time()) + 3_600

    def status(_) -> int:
        client = ChatClient(d.nginx.url)
        client.token = signed(d, SESSION, expires, str(uuid.uuid4()), surface)
        return client.request("GET", "/chat/conversations").status_code

    lock = psycopg.connect(d.postgres.conninfo(d.database, "postgres"))
    with lock, ThreadPoolExecutor(300) as pool:
        lock.execute("lock table sluice.conversation")
        asked = [pool.submit(status, number) for number in range(300)]
        hits = 'sluice_bound_hits_total{bound="conversation_pages"}'
        # One is read, 256 wait for it.
        wait_until(lambda: Scrape.of(d.nodes[0]).since(before).get(hits) == 43, "43 to be turned away")
        lock.rollback()
        statuses = [one.result() for one in asked]
    assert (statuses.count(503), statuses.count(200)) == (43, 257)


def test_who_was_deleted_is_no_longer_known(site):
    client = site.client()
    conversation = client.ask(model=site.model("tokens=3").name)["conversation"]
    row = site.sql.execute("select identity_id from conversation where id = %s", [conversation]).fetchone()
    assert client.request("DELETE", f"/chat/conversations/{conversation}").status_code == 204
    site.sql.execute("delete from turn where identity_id = %s", [row["identity_id"]])
    site.sql.execute("delete from identity where id = %s", [row["identity_id"]])
    response = client.post_start({"message": "x", "model": site.model().name})
    assert (response.status_code, response.json()["error"]["code"]) == (401, "invalid_token")


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
