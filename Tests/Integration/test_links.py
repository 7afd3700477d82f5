"""One person on many surfaces: codes, the word of a trusted surface, links that are taken back."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from deployment import by_tag
from people import back_end, code, conversations, error, identity, redeem
from signed_token import LINK, SESSION, sealed_by, packed, signed
from stack import wait_until


@pytest.fixture(scope="module")
def town(postgres, programs):
    """Surfaces of all kinds before one node: `discord` has users, `desk` is trusted."""
    from conftest import LOGS
    from deployment import Deployment

    with Deployment(postgres, programs, LOGS / "links") as deployment:
        deployment.discord = back_end(deployment, "discord", kind="discord")
        deployment.desk = back_end(deployment, "desk", trusted=True)
        deployment.add_node()
        deployment.add_nginx()
        deployment.chat = deployment.model("text=echo;rate=0").name
        yield deployment


def somebody() -> str:
    return f"user-{uuid.uuid4().hex[:8]}"


def say(client, model: str, text: str, conversation: str | None = None) -> str:
    body = {"message": text, "model": model, **({"conversation": conversation} if conversation else {})}
    return client.ask(**body)["conversation"]


def texts(client, conversation: str) -> list[str]:
    response = client.request("GET", f"/chat/conversations/{conversation}")
    assert response.status_code == 200, response.text
    return [message["content"] for message in response.json()["messages"] if message["role"] == "user"]


def test_a_person_goes_on_from_discord_to_the_web_to_an_app(town):
    """The web by a code, the app by the word of its back end; one conversation all the way."""
    discord, web = town.discord.user(somebody()), town.client()
    talk = say(discord, town.chat, "in discord")
    before = say(web, town.chat, "on the web")
    assert web.request("GET", f"/chat/conversations/{talk}").status_code == 404
    linked = redeem(web, code(discord))
    assert linked.status_code == 200
    assert linked.json()["identity"] == identity(discord, "discord")
    # The old session acts for the same person, and so does the new one.
    assert texts(web, talk) == ["in discord"]
    web.token = linked.json()["token"]
    say(web, town.chat, "goes on", talk)
    assert conversations(web) == conversations(discord) == {talk, before}

    app = town.desk.user(somebody())
    own = say(app, town.chat, "in the app")
    asserted = app.request("POST", "/chat/links", json={"surface": "discord", "external_id": discord.name})
    assert asserted.status_code == 200
    assert asserted.json() == {"identity": identity(app, "desk")}
    say(app, town.chat, "in the end", talk)
    assert texts(web, talk) == ["in discord", "goes on", "in the end"]
    assert conversations(web) == conversations(discord) == conversations(app) == {talk, before, own}
    links = {(link["surface"], link["external_id"]) for link in web.request("GET", "/chat/links").json()["links"]}
    assert links == {("discord", discord.name), ("desk", app.name)}


def test_turns_of_before_are_read_by_tokens_of_before(town):
    visitor, person = town.client(), town.discord.user(somebody())
    turn = visitor.start(model=town.chat, message="Hello").read()
    assert redeem(visitor, code(person)).status_code == 200
    for token in (turn.token, turn.started["read_token"], visitor.token):
        assert turn.get(cursor="1.0", token=token).json()["state"] == "done"
    # And from the database, once it has left the node's memory.
    wait_until(lambda: turn.get(cursor="1.0").json().get("events"), "the turn to be read again")
    assert turn.cancel().status_code == 200
    assert person.request("GET", f"/chat/{turn.id}/poll").status_code == 200


def test_a_code_is_good_for_one_person_and_one_use(town):
    owner, first, second = (town.client() for _ in range(3))
    ticket = code(owner)
    assert redeem(owner, ticket).status_code == 200, "one's own changes nothing"
    assert redeem(first, ticket).json()["identity"] == identity(owner)
    assert error(redeem(second, ticket)) == (409, "link_code_used")
    assert identity(second) != identity(owner)
    # The answer was lost, and the same person asks again.
    assert redeem(first, ticket).status_code == 200


def test_a_code_used_by_two_at_once_is_used_by_one(town):
    for _ in range(5):
        owner, *others = (town.client() for _ in range(4))
        ticket = code(owner)
        with ThreadPoolExecutor(3) as crowd:
            answers = sorted(answer.status_code for answer in crowd.map(lambda one: redeem(one, ticket), others))
        assert answers == [200, 409, 409]
        assert [identity(other) for other in others].count(identity(owner)) == 1


def test_a_code_that_is_none_is_refused(town):
    other = town.client()
    ticket = code(other)
    whose, now = identity(other), int(time.time())
    good = packed(LINK, now + 600, whose, str(uuid.uuid4()))
    for forged in (
        ticket[:-2],
        ticket + "A",
        "v1.dev.x.y",
        "",
        sealed_by("x" * 32, "dev", good),
        signed(town, LINK, now - 1, whose, str(uuid.uuid4())),
        other.token,
        signed(town, SESSION, now + 600, whose, str(uuid.uuid4())),
        signed(town, LINK, now + 600, str(uuid.uuid4()), str(uuid.uuid4())),
    ):
        client = town.client()
        assert error(redeem(client, forged)) == (422, "invalid_link_code"), forged
        assert identity(client) != whose
    client = town.client()
    for body in ("{", "[]", "{}", '{"code":7}', '{"code":"a","more":1}', '{"code":"a","code":"b"}'):
        assert error(client.request("POST", "/chat/links/redeem", data=body)) == (400, "malformed"), body


def test_a_code_opens_nothing(town):
    client = town.client()
    ticket = code(client)
    turn = client.start(model=town.chat, message="Hello").read()
    for method, path in (
        *(("POST", "/chat/start"), ("POST", "/chat/session"), ("GET", "/chat/conversations"), ("GET", "/chat/links")),
        *(("GET", f"/chat/{turn.id}/poll"), ("POST", f"/chat/{turn.id}/cancel"), ("POST", "/chat/links")),
    ):
        body = {"message": "Hi", "surface": "web"} if method == "POST" else None
        assert error(client.request(method, path, token=ticket, json=body)) == (401, "invalid_token"), path


def test_who_is_no_person_is_not_linked(town):
    service = town.discord.user(None)
    assert error(service.request("POST", "/chat/links")) == (403, "link_refused")
    assert error(redeem(service, code(town.client()))) == (403, "link_refused")
    # Nor by a session that its key has made.
    session = town.client()
    session.token = service.request("POST", "/chat/session", json={"surface": "discord"}).json()["token"]
    assert error(redeem(town.client(), code(session))) == (403, "link_refused")
    assert error(redeem(session, code(town.client()))) == (403, "link_refused")
    # Nor by a link that an operator has made.
    name = somebody()
    surface = town.sql.execute("select id from surface where name = 'discord'").fetchone()["id"]
    town.insert("identity_link", surface_id=surface, external_id=name, identity_id=town.discord.service)
    word = {"surface": "discord", "external_id": name}
    assert error(town.desk.user(somebody()).request("POST", "/chat/links", json=word)) == (403, "link_refused")


def test_only_a_trusted_surface_is_believed(town):
    victim, thief = town.discord.user(somebody()), town.discord.user(somebody())
    talk = say(victim, town.chat, "mine")
    word = {"surface": "discord", "external_id": victim.name}
    assert error(thief.request("POST", "/chat/links", json=word)) == (403, "untrusted_surface")
    assert error(town.client().request("POST", "/chat/links", json=word)) == (403, "untrusted_surface")
    assert error(town.desk.user(None).request("POST", "/chat/links", json=word)) == (403, "link_refused")
    trusted = town.desk.user(somebody())
    # A user's browser is not its back end, whatever it says.
    browser = town.desk.user(somebody())
    session = browser.request("POST", "/chat/session", json={"surface": "desk"}).json()["token"]
    for headers in ({}, {"X-Sluice-User": browser.name}):
        said = browser.request("POST", "/chat/links", token=session, headers=headers, json=word)
        assert error(said) == (403, "untrusted_surface")
    nowhere = {"surface": "nowhere", "external_id": victim.name}
    assert error(trusted.request("POST", "/chat/links", json=nowhere)) == (404, "not_found")
    for body in ({"surface": "discord"}, {"external_id": "x"}, {**word, "more": 1}, {**word, "external_id": ""}):
        assert error(trusted.request("POST", "/chat/links", json=body)) == (400, "malformed"), body
    assert conversations(victim) == {talk}


def test_a_user_nobody_has_seen_is_linked_before_he_comes(town):
    app, name = town.desk.user(somebody()), somebody()
    talk = say(app, town.chat, "first")
    word = {"surface": "discord", "external_id": name}
    for _ in range(2):
        assert app.request("POST", "/chat/links", json=word).status_code == 200
    assert conversations(town.discord.user(name)) == {talk}


def test_a_link_is_taken_back_by_its_person_alone(town):
    discord, web, stranger = town.discord.user(somebody()), town.client(), town.client()
    talk = say(discord, town.chat, "mine")
    web.token = redeem(web, code(discord)).json()["token"]
    link = {"surface": "discord", "external_id": discord.name}
    # A stranger's, one that is not there, and a surface that is not there are alike.
    absent = [stranger.request("DELETE", "/chat/links", json=link)]
    for other in ({**link, "external_id": somebody()}, {**link, "surface": "nowhere"}):
        absent.append(web.request("DELETE", "/chat/links", json=other))
    assert {(answer.status_code, answer.text) for answer in absent} == {(404, absent[0].text)}
    assert conversations(discord) == {talk}
    removed = web.request("DELETE", "/chat/links", json=link)
    assert (removed.status_code, removed.text) == (204, "")
    # Somebody new, from the very next request on; the history stays with the person.
    assert conversations(discord) == set()
    assert identity(discord, "discord") != identity(web)
    assert conversations(web) == {talk}
    assert web.request("GET", "/chat/links").json() == {"links": []}
    assert web.request("DELETE", "/chat/links", json=link).status_code == 404


def test_a_live_turn_comes_to_its_end_before_its_person_goes(town):
    visitor, owner = town.client(), town.client()
    turn = visitor.start(model=town.model("rate=20;tokens=5000").name).read_some(1)
    ticket = code(owner)
    refused = redeem(visitor, ticket)
    assert error(refused) == (409, "identity_busy")
    assert refused.json()["error"]["retryable"]
    turn.cancel()
    turn.read()
    # The code was not used up.
    wait_until(lambda: redeem(visitor, ticket).status_code == 200, "the merge")
    # One of whoever stays is no hindrance, and goes on.
    turn = owner.start(model=town.model("rate=20;tokens=5000").name).read_some(1)
    other = town.client()
    assert redeem(other, code(owner)).status_code == 200
    turn.read_some(len(turn.text) + 5)
    assert other.request("POST", f"/chat/{turn.id}/cancel").status_code == 202
    assert turn.read().state == "cancelled"


def test_codes_have_a_budget(town):
    client = town.client()
    with ThreadPoolExecutor(8) as crowd:
        answers = list(crowd.map(lambda _: client.request("POST", "/chat/links"), range(200)))
    assert {answer.status_code for answer in answers} == {200, 429}
    assert error(next(answer for answer in answers if answer.status_code == 429)) == (429, "too_many_requests")


def test_other_nodes_know_at_once_or_soon(deploy):
    """A start by a token of before does not fail on a node that has not heard of the merge; reads follow."""
    deployment = deploy()
    discord = back_end(deployment, "discord", kind="discord")
    nodes = [deployment.add_node(), deployment.add_node()]
    near, far = (deployment.add_nginx([node.addresses[0]]) for node in nodes)
    model = deployment.model("text=echo;rate=0").name
    for _ in range(5):
        person = discord.user(somebody(), near)
        talk = say(person, model, "one")
        visitor = deployment.client(near)
        assert redeem(visitor, code(person)).status_code == 200
        visitor.url = far.url
        # The very next request, on the other node.
        say(visitor, model, "two", talk)
        person.url = far.url
        assert texts(person, talk) == ["one", "two"]
        assert conversations(visitor) == {talk}
        turn = visitor.start(model=model, message="three").read()
        assert turn.end["state"] == "done"
    visitor = deployment.client(near)
    turn = visitor.start(model=model, message="before").read()
    person = discord.user(somebody(), near)
    assert redeem(visitor, code(person)).status_code == 200
    visitor.url = far.url
    wait_until(lambda: turn.get(cursor="1.0").status_code == 200, "the other node to know", 5)


def test_starts_of_both_and_a_merge_at_once_lose_nothing(deploy):
    """No turn is lost, and no conversation stays with who is gone."""
    deployment = deploy()
    nodes = [deployment.add_node(), deployment.add_node()]
    deployment.add_nginx(by_tag(nodes))
    model = deployment.model("text=echo;rate=0").name
    for _ in range(6):
        gone, kept = deployment.client(), deployment.client()
        lost, stays = identity(gone), identity(kept)
        ticket = code(kept)

        def start(number: int) -> str:
            client = (gone, kept)[number % 2]
            answer = client.post_start({"message": f"m{number}", "model": model})
            assert answer.status_code == 200, answer.text
            return answer.json()["turn"]

        def merge() -> int:
            # A live turn of who goes is waited for.
            return wait_until(lambda: (a := redeem(gone, ticket)).status_code != 409 and a.status_code, "the merge")

        with ThreadPoolExecutor(9) as crowd:
            first = [crowd.submit(start, number) for number in range(4)]
            merged = crowd.submit(merge)
            rest = [crowd.submit(start, number) for number in range(4, 8)]
            turns = {future.result() for future in first + rest}
            assert merged.result() == 200
        rows = deployment.sql.execute("select id, state from turn where identity_id = %s", [stays]).fetchall()
        assert {str(row["id"]) for row in rows} == turns and {row["state"] for row in rows} == {"done"}
        for table in ("turn", "conversation", "idempotency", "usage_ledger"):
            assert deployment.sql.execute(f"select from {table} where identity_id = %s", [lost]).rowcount == 0, table
        assert len(conversations(kept)) == 8
