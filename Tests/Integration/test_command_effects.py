"""What commands of operators change for those who chat."""

import json
import re
import time
import uuid

from chat_client import ChatClient
from desk import caller, configure
from stack import wait_until


def test_an_empty_configuration_comes_to_serve_a_turn(desk):
    desk.add_node()
    desk.add_nginx()
    key = configure(desk)
    client = ChatClient(desk.nginx.url)
    wait_until(lambda: client.open_session("shop").status_code == 201, "the surface to be known")
    assert client.start("By visitor").read().text == "By visitor"
    client.token = key
    assert client.ask("By key")["message"]["content"] == "By key"
    provider_model = desk.json("route", "list")[0]["provider_model"]
    asked = desk.simulator.requests(provider_model)
    assert len(asked) == 2 and all("Be brief." in json.dumps(request) for request in asked)


def test_a_change_takes_effect_on_the_next_turn(desk):
    client = caller(desk)
    assert client.ask("Now")["message"]["content"] == "Now"
    route = desk.json("route", "list")[0]["id"]

    desk.do("route", "set", route, "--disable")
    refusal = client.post_start({"message": "Hi"})
    assert (refusal.status_code, refusal.json()["error"]["code"]) == (422, "unknown_model")
    desk.do("route", "set", route, "--enable")
    assert client.ask("Again")["message"]["content"] == "Again"

    desk.do("model", "set", "assistant", "--disable")
    assert client.post_start({"message": "Hi"}).status_code == 422
    desk.do("model", "set", "assistant", "--enable", "--name", "helper", "--unset", "system-prompt")
    assert client.ask("By default")["message"]["content"] == "By default"
    assert desk.json("surface", "show", "shop")["default_model"] == "helper"

    other = f"{uuid.uuid4().hex};rate=0;tokens=5"
    desk.do("route", "set", route, "--provider-model", other, "--overrides", '{"top_k": 40}')
    assert client.ask("Hi")["message"]["content"] == desk.simulator.text(other)
    request = json.dumps(desk.simulator.requests(other))
    assert "top_k" in request and "Be brief." not in request

    desk.do("surface", "set", "shop", "--unset", "default-model")
    assert client.post_start({"message": "Hi"}).status_code == 422


def test_a_revoked_key_is_refused_within_five_seconds(desk):
    client = caller(desk)
    assert client.post_start({"message": "Hi"}).status_code == 200
    key = desk.json("key", "list")[0]["id"]
    revoked = desk.do("key", "remove", key)
    began = time.monotonic()
    assert key in revoked and "5 s" in revoked
    wait_until(lambda: client.post_start({"message": "Hi"}).status_code == 401, "the key to be refused")
    # What nodes remember, and the time that a busy machine takes to say so.
    assert time.monotonic() - began < 5 + 3
    assert desk.json("key", "show", key)["state"] == "revoked"
    # Revoked once and for good.
    at = desk.json("key", "show", key)["revoked_at"]
    assert desk.json("key", "remove", key)["revoked_at"] == at


def test_an_expired_key_is_refused(desk):
    client = caller(desk)
    assert client.post_start({"message": "Hi"}).status_code == 200
    key = desk.json("key", "list")[0]["id"]
    assert desk.json("key", "set", key, "--expires", "2020-01-31")["state"] == "expired"
    wait_until(lambda: client.post_start({"message": "Hi"}).status_code == 401, "the key to be refused")
    desk.do("key", "set", key, "--unset", "expires")
    wait_until(lambda: client.post_start({"message": "Hi"}).status_code == 200, "the key to hold again")


def test_a_disabled_surface_gives_no_sessions(desk):
    client = caller(desk)
    assert client.open_session("shop").status_code == 201
    desk.do("surface", "set", "shop", "--disable")
    wait_until(lambda: client.open_session("shop").status_code != 201, "the surface to be shut")


def test_operators_see_how_providers_were_asked_and_how_routes_stand(desk):
    client = caller(desk, "fault=status;status=500")
    broken = desk.json("route", "list")[0]["id"]
    assert (desk.json("route", "show", broken)["state"], desk.json("route", "show", broken)["nodes"]) == ("closed", 0)
    other = ["--provider-model", f"{uuid.uuid4().hex};rate=0;tokens=3", "--region", desk.simulator.base_url]
    good = desk.json("route", "add", "assistant", *other, "--priority", 2)["id"]
    turn = client.ask("Hi")
    assert turn["state"] == "done"

    row = desk.json("turn", "show", turn["turn"])
    assert row["route_id"] == good
    first, second = row["upstream"]["attempts"]
    assert (first["route"], first["error"], first["status"]) == (broken, "upstream_error", 500)
    assert second["route"] == good and "error" not in second
    shown = desk.do("turn", "show", turn["turn"])
    assert re.search(rf"^upstream +route {broken}: upstream_error \(HTTP 500\) after \d+ ms$", shown, re.M)
    assert re.search(rf"^ +route {good}: served after \d+ ms$", shown, re.M)
    assert re.search(r"^ +request \S+, first byte after \d+ ms, first text after \d+ ms$", shown, re.M)

    def standing() -> list[dict]:
        return desk.json("route", "list", "--model", "assistant")

    wait_until(lambda: [route["nodes"] for route in standing()] == [1, 1], "the node to write what it makes of them", 30)
    failed, served = standing()
    assert (failed["id"], failed["last_error"], failed["failures"]) == (broken, "upstream_error", 1)
    assert (served["state"], served["share"], served["running"], served["last_error"]) == ("closed", 1, 0, None)
    assert served["latency_ms"] >= 0 and failed["latency_ms"] is None
    header, line, _ = desk.do("route", "list").splitlines()
    assert all(title in header for title in ("STATE", "SHARE", "LATENCY MS", "RUNNING", "LAST ERROR", "RETRY AT"))
    assert "upstream_error" in line
    # Five failures running, and it is left out for a while.
    for _ in range(4):
        client.ask("Hi")
    wait_until(lambda: standing()[0]["failures"] >= 5, "the failures to be told", 30)
    opened = standing()[0]
    assert opened["state"] in ("open", "probing") and opened["failures"] >= 5


def test_a_key_is_rotated_under_way(desk):
    """Both keys hold for the grace, and mean the same service: its conversations go on."""
    client = caller(desk)
    conversation = client.ask("By the old one")["conversation"]
    old = desk.json("key", "list")[0]["id"]
    key = desk.do("key", "rotate", old, "--grace", "3s").strip()
    successor = ChatClient(desk.nginx.url)
    successor.token = key
    assert successor.ask("By the new one", conversation=conversation)["conversation"] == conversation
    wait_until(lambda: client.post_start({"message": "Hi"}).status_code == 401, "the old key to be over")
    assert successor.ask("Still", conversation=conversation)["message"]["content"] == "Still"
