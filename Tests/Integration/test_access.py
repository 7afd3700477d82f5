"""Who may do what, and what a wrong request is told."""

import uuid

import pytest
from chat_client import ChatClient
from stack import wait_until


def error_code(response) -> str:
    return response.json()["error"]["code"]


@pytest.fixture
def turn(site):
    return site.client().start(model=site.model("tokens=5;rate=0").name).read()


@pytest.mark.parametrize("token", ["nonsense", "v1.dev.e30.AAAA", ""])
def test_a_bad_token_is_refused(site, turn, token):
    client = ChatClient(site.nginx.url)
    client.token = token or None
    assert client.post_start({"message": "Hi"}).status_code == 401
    response = client.request("GET", f"/chat/{turn.id}/poll", params={"cursor": "1.0"})
    assert response.status_code == 401


def test_several_blanks_before_a_token_are_one(turn):
    client = ChatClient(turn.client.url)
    for scheme in ("Bearer ", "bearer   "):
        reply = client.request("GET", f"/chat/{turn.id}/poll", headers={"Authorization": f"{scheme}{turn.token}"})
        assert reply.status_code == 200, scheme
    for header in ("Bearer", "Bearer   ", f"Basic {turn.token}", turn.token):
        reply = client.request("GET", f"/chat/{turn.id}/poll", headers={"Authorization": header})
        assert reply.status_code == 401, header


def test_a_token_with_one_changed_character_is_refused(turn):
    payload = turn.token.split(".")
    payload[2] = payload[2][:-1] + ("A" if payload[2][-1] != "A" else "B")
    assert turn.get(token=".".join(payload)).status_code == 401


def test_a_turn_of_somebody_else_looks_like_none(site, turn):
    stranger = site.client()
    theirs = stranger.request("GET", f"/chat/{turn.id}/poll", params={"cursor": "1.0"})
    none = stranger.request("GET", f"/chat/{uuid.uuid4()}/poll", params={"cursor": "1.0"})
    assert theirs.status_code == none.status_code == 404
    assert theirs.json() == none.json()
    assert stranger.request("POST", f"/chat/{turn.id}/cancel").status_code == 404


def test_a_conversation_of_somebody_else_looks_like_none(site, turn):
    response = site.client().post_start({"message": "Hi", "conversation": turn.conversation})
    assert response.status_code == 404


def test_the_visitors_own_session_opens_the_turn(turn):
    assert turn.get(cursor="1.0", token=turn.client.token).json()["state"] == "done"


def test_a_session_goes_on_under_a_fresh_token(site):
    client, model = site.client(), site.model("tokens=1;rate=0")
    conversation = client.ask(model=model.name)["conversation"]
    renewed = client.request("POST", "/chat/session", json={"surface": "web"})
    assert renewed.status_code == 200
    client.token = renewed.json()["token"]
    assert client.request("GET", f"/chat/conversations/{conversation}").status_code == 200
    another = client.request("POST", "/chat/session", json={"surface": "shop"})
    assert (another.status_code, error_code(another)) == (403, "another_surface")
    assert client.request("POST", "/chat/session", json={"surface": "web"}, token="v1.no.no.no").status_code == 401


def test_a_turns_token_makes_no_session(turn):
    refused = turn.client.request("POST", "/chat/session", json={"surface": "web"}, token=turn.token)
    assert (refused.status_code, error_code(refused)) == (403, "session_required")


def test_a_read_token_reads_and_no_more(turn):
    read_token = turn.started["read_token"]
    client = ChatClient(turn.client.url)
    by_query = client.request("GET", f"/chat/{turn.id}/poll", params={"cursor": "1.0", "token": read_token})
    assert by_query.json()["state"] == "done"
    refused = turn.cancel(token=read_token)
    assert refused.status_code == 403
    assert error_code(refused) == "read_only"


def test_the_turns_own_token_is_no_token_for_a_query(turn):
    client = ChatClient(turn.client.url)
    response = client.request("GET", f"/chat/{turn.id}/poll", params={"cursor": "1.0", "token": turn.token})
    assert response.status_code == 401


def test_a_foreign_origin_gets_no_session(site):
    client = ChatClient(site.nginx.url)
    assert client.open_session("shop", headers={"Origin": "https://shop.example"}).status_code == 201
    refused = client.open_session("shop", headers={"Origin": "https://evil.example"})
    assert refused.status_code == 403
    assert error_code(refused) == "origin_refused"


def test_a_surface_without_anonymous_visitors_gives_no_session(site):
    client = ChatClient(site.nginx.url)
    for surface in ("staff", "absent"):
        assert client.open_session(surface).status_code in (403, 404)
    assert client.token is None


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"message": 7}', b'{"message": ""}', b'{"message":"\xff"}'])
def test_a_malformed_start_is_refused(site, body):
    response = site.client().request("POST", "/chat/start", data=body, headers={"Content-Type": "application/json"})
    assert response.status_code in (400, 422), response.text
    assert response.json()["error"]["retryable"] is False


def test_an_unknown_model_is_refused(site):
    response = site.client().post_start({"message": "Hi", "model": "absent"})
    assert response.status_code in (404, 422)
    assert error_code(response)


@pytest.mark.parametrize("cursor", ["", "1", "a.b", "1.-1", "1.99999999999999999999"])
def test_a_malformed_cursor_is_refused(turn, cursor):
    response = turn.client.request("GET", f"/chat/{turn.id}/poll", params={"cursor": cursor})
    assert response.status_code == 400


def test_a_cursor_past_the_end_starts_over(turn):
    reply = turn.get(cursor="1.9999").json()
    assert reply["reset"] is True
    assert "".join(event.get("text", "") for event in reply["events"]) == turn.text


def test_wrong_methods_and_paths(site, turn):
    client = site.client()
    wrong = client.request("GET", "/chat/start")
    assert wrong.status_code == 405
    assert "POST" in wrong.headers["Allow"]
    assert client.request("POST", f"/chat/{turn.id}/poll").status_code == 405
    assert client.request("GET", "/chat/nothing/here").status_code == 404
    assert client.request("GET", "/chat/not-a-turn/poll", params={"cursor": "1.0"}).status_code == 404


def test_nothing_is_cached(turn):
    assert turn.get().headers["Cache-Control"] == "no-store"


def test_a_reader_that_polls_too_fast_is_slowed_and_loses_nothing(site):
    model = site.model("rate=0;tokens=5")
    client = ChatClient(site.nginx.url)
    client.open_session("slow")
    turn = client.start(model=model.name)
    wait_until(lambda: site.turn(turn.id)["state"] == "done", "the turn to end")
    answers = [turn.get(cursor="1.0", wait=0, reader="one") for _ in range(14)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in refused)
    # Another reader has a budget of its own.
    assert turn.get(cursor="1.0", wait=0, reader="two").json()["state"] == "done"


def test_the_providers_names_and_addresses_stay_inside(site):
    model = site.model("fault=status;status=401")
    turn = site.client().start(model=model.name).read()
    told = f"{turn.started}{turn.events}{turn.end}"
    assert model.provider_model not in told
    assert str(site.simulator.port) not in told
