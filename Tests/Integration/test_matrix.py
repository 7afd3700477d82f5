"""Who may do what: every surface x token x thing x route over real HTTP. What is expected is written down here, rule by
rule, as the README says it; what is somebody else's must look like what is not there, byte by byte."""

import hashlib
import json
import secrets
import time
import uuid
from dataclasses import dataclass, field

import pytest
import requests
from chat_client import ChatClient
from deployment import Deployment
from signed_token import SESSION, packed, sealed_by, signed
from stack import wait_until

CAPABILITIES = {"poll", "sse", "classic", "openai", "tools", "images"}
GRANTED, WITHHELD, ABSENT = "granted", "withheld", "absent-model"
PIXEL = "R0lGODlhAQABAAAAACw="


# MARK: the axes


@dataclass(frozen=True)
class Surface:
    name: str
    lacks: frozenset = frozenset()
    # What everybody has who comes by it: `everyone` grants all, `one` a single model, None nothing.
    role: str | None = "everyone"
    enabled: bool = True

    def grants(self, model: str) -> bool:
        return model != ABSENT and (self.role == "everyone" or self.role == "one" and model == GRANTED)


SURFACES = [
    Surface("whole"),
    Surface("narrow", role="one"),
    Surface("nothing", role=None),
    *[Surface(f"no-{word}", lacks=frozenset([word])) for word in sorted(CAPABILITIES)],
    Surface("mute", lacks=frozenset(["poll", "sse"])),
    Surface("closed", enabled=False),
]
# Where the bearer of the token `elsewhere` comes from.
OTHER = Surface("other")


@dataclass(frozen=True)
class Token:
    name: str
    # Whose turns and conversations are its own.
    owner: str = "anna"
    valid: bool = True
    # A turn's token opens that turn alone.
    of_turn: bool = False
    read_only: bool = False
    # Not in a header: for routes that do not read turns it is as if there were none.
    in_query: bool = False
    is_key: bool = False

    def surface(self, surface: Surface) -> Surface:
        return OTHER if self.name == "elsewhere" else surface

    def counts(self, surface: Surface) -> bool:
        """A key is one of its surface's, and goes with it."""
        return self.valid and (surface.enabled or not self.is_key)


TOKENS = [
    Token("none", valid=False),
    Token("nonsense", valid=False),
    Token("forged", valid=False),
    Token("expired", valid=False),
    Token("unknown key", valid=False),
    Token("turn in query", valid=False, in_query=True),
    Token("session in query", valid=False, in_query=True),
    Token("anonymous", owner="visitor"),
    Token("person"),
    Token("elsewhere"),
    Token("key", owner="service", is_key=True),
    Token("user", is_key=True),
    Token("turn", of_turn=True),
    Token("read", of_turn=True, read_only=True),
    Token("read in query", of_turn=True, read_only=True, in_query=True),
]
THINGS = ["own", "foreign", "absent", "malformed"]


@dataclass(frozen=True)
class Route:
    name: str
    method: str
    path: str
    # turn, identity or openai: whom it serves, and how it says no.
    door: str
    # A turn or a conversation is named.
    has_thing: bool = False
    # Of each of these the surface must have one.
    needs: tuple = ()
    model: str | None = None
    body: dict | None = None
    accept: str | None = None
    done: int = 200


def start(name: str, *needs, done: int = 200, model: str = GRANTED, **more) -> Route:
    accept = more.pop("accept", None)
    has_thing = more.pop("has_thing", False)
    body = {"message": "Hello", "model": model, **more}
    return Route(name, "POST", "/chat/start", "identity", has_thing, needs, model, body, accept, done)


def completion(name: str, *needs, model: str = GRANTED, **more) -> Route:
    body = {"messages": [{"role": "user", "content": "Hello"}], "model": model, **more}
    return Route(name, "POST", "/v1/chat/completions", "openai", False, (("openai",), *needs), model, body)


def modes(*words: str) -> dict:
    return {"stream": {"modes": list(words)}}


IMAGE = {"type": "image", "media_type": "image/gif", "data": PIXEL}
IMAGE_URL = {"type": "image_url", "image_url": {"url": f"data:image/gif;base64,{PIXEL}"}}
TOOL = {"type": "function", "function": {"name": "gauge", "parameters": {"type": "object"}}}
EITHER = ("poll", "sse")
ROUTES = [
    Route("poll", "GET", "/chat/{thing}/poll?cursor=1.0", "turn", True, (("poll",),)),
    Route("events", "GET", "/chat/{thing}/events?cursor=1.0", "turn", True, (("sse",),)),
    Route("lines", "GET", "/chat/{thing}/events", "turn", True, (("sse",),), accept="application/x-ndjson"),
    Route("cancel", "POST", "/chat/{thing}/cancel", "turn", True),
    Route("read", "GET", "/chat/conversations/{thing}", "identity", True),
    Route("delete", "DELETE", "/chat/conversations/{thing}", "identity", True, done=204),
    Route("list", "GET", "/chat/conversations", "identity"),
    Route("models", "GET", "/chat/models", "identity"),
    Route("session", "POST", "/chat/session", "identity"),
    start("go on", EITHER, **modes("poll", "sse"), has_thing=True, done=202),
    start("start to poll", ("poll",), **modes("poll"), done=202),
    start("start to stream", ("sse",), **modes("sse"), done=202),
    start("start to read", EITHER, **modes("sse", "poll"), done=202),
    start("start and wait", ("classic",)),
    start("start a stream", ("sse",), accept="text/event-stream"),
    start("start lines", ("sse",), accept="application/x-ndjson", **modes("poll")),
    start("start with an image", ("classic",), ("images",), message=[{"type": "text", "text": "Hi"}, IMAGE]),
    start("start what is withheld", EITHER, **modes("poll", "sse"), model=WITHHELD, done=202),
    start("start what is absent", EITHER, **modes("poll", "sse"), model=ABSENT, done=202),
    completion("complete"),
    completion("complete as a stream", stream=True),
    completion("complete with tools", ("tools",), tools=[TOOL]),
    completion("complete with an image", ("images",), messages=[{"role": "user", "content": [IMAGE_URL]}]),
    completion("complete by what is withheld", model=WITHHELD),
    completion("complete by what is absent", model=ABSENT),
    Route("listed models", "GET", "/v1/models", "openai", needs=(("openai",),)),
    *[
        Route(f"model {name}", "GET", f"/v1/models/{name}", "openai", needs=(("openai",),), model=name)
        for name in (GRANTED, WITHHELD, ABSENT)
    ],
]


# MARK: the rules


def expected(surface: Surface, token: Token, route: Route, thing: str | None) -> tuple[int, str | None]:
    """The status, and the code of what is refused."""
    if route.name == "session":
        return session(surface, token)
    if not token.counts(surface):
        return 401, "invalid_api_key" if route.door == "openai" else "invalid_token"
    by = token.surface(surface)
    if route.door == "turn":
        if route.name == "cancel":
            if token.read_only:
                return 403, "read_only"
            return (200, None) if thing == "own" else (404, "not_found")
        if thing != "own":
            return 404, "not_found"
    elif token.of_turn:
        return 403, "session_required"
    if not by.enabled:
        return 403, "surface_disabled"
    for need in route.needs:
        if by.lacks >= set(need):
            return 403, f"capability_missing {next(word for word in sorted(CAPABILITIES, key=ORDER) if word in need)}"
    if route.has_thing and thing != "own":
        return 404, "not_found"
    if route.model and not by.grants(route.model):
        return (404, "model_not_found") if route.door == "openai" else (422, "unknown_model")
    return route.done, None


def ORDER(word: str) -> int:
    """Of several that would do, the first is named."""
    return ["poll", "sse", "classic", "openai", "tools", "images"].index(word)


def session(surface: Surface, token: Token) -> tuple[int, str | None]:
    """Who says nothing of themselves is a new visitor; a session goes on where it is."""
    if token.in_query or token.name == "none":
        return (201, None) if surface.enabled else (403, "no_anonymous_sessions")
    if not token.counts(surface):
        return 401, "invalid_token"
    if token.of_turn:
        return 403, "session_required"
    if not token.surface(surface).enabled:
        return 403, "surface_disabled"
    return (200, None) if token.surface(surface) == surface else (403, "another_surface")


# MARK: the world


@dataclass
class World:
    """Surfaces with people on them, each with a turn that has ended and a conversation."""

    deployment: Deployment
    ids: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    # By surface and owner: identity, session, turn, conversation, token, read_token.
    people: dict[tuple[str, str], dict] = field(default_factory=dict)
    http: requests.Session = field(default_factory=requests.Session)

    def settle(self) -> None:
        sql = self.deployment.sql
        for surface in [*SURFACES, OTHER]:
            columns = {"kind": "web", "anonymous": True, "session_limit": 100_000}
            row = self.deployment.insert("surface", name=surface.name, **columns)
            self.ids[surface.name] = str(row["id"])
            self.keys[surface.name] = key = f"sk_{secrets.token_urlsafe(32)}"
            service = self.deployment.insert("identity", kind="service")["id"]
            digest = hashlib.sha256(key.encode()).digest()
            self.deployment.insert(
                "surface_key", surface_id=row["id"], identity_id=service, hash=digest, label=surface.name
            )
        for name in (GRANTED, WITHHELD):
            model = self.deployment.model("rate=0;tokens=3")
            sql.execute("update virtual_model set name = %s where name = %s", [name, model.name])
        sql.execute("delete from virtual_model where name not in (%s, %s)", [GRANTED, WITHHELD])
        one = self.deployment.insert("role", name="one", all_tools=True)["id"]
        sql.execute("insert into role_model select %s, id from virtual_model where name = %s", [one, GRANTED])
        self.deployment.add_node()
        self.deployment.add_nginx()
        for surface in [*SURFACES, OTHER]:
            self.populate(surface)
        with sql.transaction():
            for surface in SURFACES:
                sql.execute(
                    "update surface set enabled = %s, capabilities = %s, role_id = r.id, anonymous_role_id = r.id"
                    " from (select (select id from role where name = %s) as id) r where surface.name = %s",
                    [surface.enabled, sorted(CAPABILITIES - surface.lacks), surface.role, surface.name],
                )
        client = ChatClient(self.deployment.nginx.url)
        client.token = self.keys["closed"]
        wait_until(lambda: client.open_session("closed").status_code == 403, "the surfaces to be read anew")
        for headers in ({}, {"X-Sluice-User": "anna"}):
            client.token = self.keys["closed"]
            path = "/chat/conversations"
            wait_until(lambda: client.request("GET", path, headers=headers).status_code == 401, "keys to be forgotten")

    def populate(self, surface: Surface) -> None:
        def client(session: str | None, headers: dict) -> ChatClient:
            client = ChatClient(self.deployment.nginx.url)
            client.token = self.keys[surface.name] if headers or not session else session
            client.http.headers.update(headers)
            return client

        def add(owner: str, client: ChatClient, session: str | None) -> None:
            turn = client.start(model=GRANTED).read()
            row = self.deployment.turn(turn.id)
            self.people[surface.name, owner] = {
                "identity": str(row["identity_id"]),
                "session": session,
                "turn": turn.id,
                "conversation": turn.conversation,
                "token": turn.token,
                "read_token": turn.started["read_token"],
            }

        visitor = ChatClient(self.deployment.nginx.url)
        visitor.open_session(surface.name)
        add("visitor", visitor, visitor.token)
        for owner in ("anna", "stranger"):
            by_key = client(None, {"X-Sluice-User": owner})
            opened = by_key.request("POST", "/chat/session", json={"surface": surface.name}).json()
            add(owner, by_key, opened["token"])
        add("service", client(None, {}), None)

    def credential(self, surface: Surface, token: Token) -> tuple[dict, dict]:
        """Headers and query that show the token."""
        me = self.people[surface.name, "anna"]
        now = int(time.time())
        secret = {
            "nonsense": "nonsense",
            "forged": sealed_by("0" * 64, me["session"].split(".")[1],
                                packed(SESSION, now + 600, me["identity"], self.ids[surface.name])),
            "expired": signed(self.deployment, SESSION, now - 1, me["identity"], self.ids[surface.name]),
            "unknown key": f"sk_{secrets.token_urlsafe(32)}",
            "turn in query": me["token"],
            "session in query": me["session"],
            "anonymous": self.people[surface.name, "visitor"]["session"],
            "person": me["session"],
            "elsewhere": signed(self.deployment, SESSION, now + 600, me["identity"], self.ids[OTHER.name]),
            "key": self.keys[surface.name],
            "user": self.keys[surface.name],
            "turn": me["token"],
            "read": me["read_token"],
            "read in query": me["read_token"],
        }.get(token.name)
        if secret is None:
            return {}, {}
        if token.in_query:
            return {}, {"token": secret}
        headers = {"Authorization": f"Bearer {secret}"}
        return ({**headers, "X-Sluice-User": "anna"} if token.name == "user" else headers), {}

    def thing(self, surface: Surface, token: Token, route: Route, thing: str) -> str:
        what = "turn" if route.door == "turn" else "conversation"
        if thing == "own" and route.name == "delete":
            owner = self.people[surface.name, token.owner]["identity"]
            spare = {"id": uuid.uuid4(), "identity_id": owner, "surface_id": self.ids[surface.name]}
            return str(self.deployment.insert("conversation", **spare)["id"])
        if thing == "own":
            return self.people[surface.name, token.owner][what]
        if thing == "foreign":
            return self.people[surface.name, "stranger"][what]
        return str(uuid.uuid4()) if thing == "absent" else "no-id"

    def ask(self, surface: Surface, token: Token, route: Route, thing: str | None) -> requests.Response:
        headers, query = self.credential(surface, token)
        body = dict(route.body) if route.body else None
        path = route.path
        if route.name == "session":
            body = {"surface": surface.name}
        if thing is not None:
            id = self.thing(surface, token, route, thing)
            path = path.format(thing=id)
            if body:
                body["conversation"] = id
        if route.model and body:
            # The same turn for every form of the same words: what counts here is who may.
            words = json.dumps({**body, "stream": None}, sort_keys=True)
            headers["Idempotency-Key"] = hashlib.sha256(f"{surface.name} {token.name} {words}".encode()).hexdigest()
        if route.accept:
            headers["Accept"] = route.accept
        deadline = time.monotonic() + 30
        while True:
            url = f"{self.deployment.nginx.url}{path}"
            response = self.http.request(route.method, url, headers=headers, params=query, json=body, timeout=60)
            # A budget, or the conversation's former turn: to come again is what is asked for.
            if response.status_code not in (409, 429) or time.monotonic() > deadline:
                return response
            time.sleep(0.02)


@pytest.fixture(scope="module")
def world(postgres, programs):
    from conftest import LOGS

    with Deployment(postgres, programs, LOGS / f"matrix-{uuid.uuid4().hex}") as deployment:
        world = World(deployment)
        world.settle()
        yield world


# MARK: the matrix


def told(response: requests.Response) -> tuple[int, str | None]:
    """The status, and the code if it is an error."""
    if response.status_code < 400:
        return response.status_code, None
    error = response.json()["error"]
    code = error["code"]
    # OpenAI's form has no place for it but the words.
    missing = response.json().get("capability") or error["message"].split(" have ")[-1].split(" or ")[0].strip(".")
    return response.status_code, f"{code} {missing}" if code == "capability_missing" else code


def whole(response: requests.Response) -> tuple:
    """All that could tell one answer from another."""
    headers = {name: value for name, value in response.headers.items() if name != "Date"}
    return response.status_code, headers, response.content


@pytest.mark.parametrize("token", TOKENS, ids=lambda token: token.name)
@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
def test_who_may_do_what(world, surface, token):
    wrong = []
    for route in ROUTES:
        answers = {}
        for thing in THINGS if route.has_thing else [None]:
            response = world.ask(surface, token, route, thing)
            answers[thing] = whole(response)
            should = expected(surface, token, route, thing)
            if told(response) != should:
                wrong.append(f"{route.name} of {thing}: {told(response)} instead of {should}: {response.text[:200]}")
            if route.name in ("models", "listed models") and response.status_code == 200:
                listed = response.json()
                names = {model.get("name") or model["id"] for model in listed.get("models") or listed.get("data") or []}
                wanted = {name for name in (GRANTED, WITHHELD) if token.surface(surface).grants(name)}
                if names != wanted:
                    wrong.append(f"{route.name}: {names} instead of {wanted}")
        if route.has_thing and not answers["foreign"] == answers["absent"] == answers["malformed"]:
            wrong.append(f"{route.name}: foreign, absent and malformed differ: {answers}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
def test_a_model_that_no_role_grants_looks_like_none(world, surface):
    if not surface.enabled or surface.grants(WITHHELD):
        return
    token = next(token for token in TOKENS if token.name == "person")
    routes = {route.name: route for route in ROUTES}
    for pair in (
        ("start what is withheld", "start what is absent"),
        ("complete by what is withheld", "complete by what is absent"),
        (f"model {WITHHELD}", f"model {ABSENT}"),
    ):
        withheld, absent = (whole(world.ask(surface, token, routes[name], None)) for name in pair)
        assert withheld == absent


def test_nobody_lost_what_is_theirs(world):
    """However much was refused, the turns and conversations of the beginning are there, and no foreign one was ended."""
    sql = world.deployment.sql
    for person in world.people.values():
        assert sql.execute("select from conversation where id = %s", [person["conversation"]]).fetchone() is not None
        assert world.deployment.turn(person["turn"])["cancel_requested_at"] is None
