"""Every wrong request that a client can make of the chat routes, and what it is told."""

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote

from error_world import World
from raw_http import Request
from signed_token import READ, SESSION, TURN, decoded, encoded, packed, sealed, sealed_by, signed

# What a reply holds beside `error`.
PASS = {"turn", "conversation", "state", "cursor", "poll_after_ms", "token", "read_token", "expires_at", "links"}
ANY = ".+"


@dataclass(frozen=True)
class Row:
    """One wrong request. `headers` are patterns of what the reply must have, beyond what every error has."""

    name: str
    request: Callable[[World], Request]
    status: int
    code: str
    retryable: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    extra: frozenset[str] = frozenset()
    # The reply permits a page of an allowed origin to read it: not where the origin itself could not be read.
    readable: bool = True


def rows() -> list[Row]:
    return [*bodies(), *members(), *starts(), *sessions(), *polls(), *credentials(), *ids(), *encodings(), *paths()]


# MARK: requests


def request(method: str, target: str | bytes, body=None, token: str | None = None, **options) -> Request:
    headers = {"Content-Type": "application/json"} if body is not None else {}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    headers |= options.pop("headers", {})
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    return Request(method, target, headers, data, **options)


def start(body, **options) -> Callable[[World], Request]:
    """A start by the visitor; `body` is bytes, JSON, or made from the world."""

    def make(world: World) -> Request:
        made = body(world) if callable(body) else body
        return request("POST", "/chat/start", made, **{"token": world.token, **options})

    return make


def poll(query: str = "cursor=1.0", **options) -> Callable[[World], Request]:
    return lambda world: request(
        "GET", f"/chat/{world.ended.id}/poll?{query}", **{"token": world.token, **options}
    )


def session(body, **options) -> Callable[[World], Request]:
    return lambda _: request("POST", "/chat/session", body, **options)


def web_token(algorithm: str, mac: str) -> str:
    """A token of another system (RFC 7519)."""
    return ".".join([*(encoded(json.dumps(part).encode()) for part in ({"alg": algorithm}, {})), mac])


# MARK: the table


def bodies():
    """What is no JSON object at all, at the two routes that take one."""
    good = b'{"message":"Hi"}'
    deep = b'{"message":"Hi","metadata":{"a":%s1%s}}'
    for name, body in {
        "empty": b"",
        "truncated": good[:-1],
        "truncated in a string": good[:-4],
        "a NUL byte within": good.replace(b"Hi", b"H\0i"),
        "a NUL byte behind": good + b"\0",
        "trailing garbage": good + b"x",
        "two documents": good + good,
        "a lone comma": b'{"message":"Hi",}',
        "single quotes": b"{'message':'Hi'}",
        "a comment": b'{"message":"Hi"/**/}',
        "an unknown escape": b'{"message":"\\x"}',
        "a raw newline in a string": b'{"message":"a\nb"}',
        "a number beyond all types": b'{"message":"Hi","metadata":{"a":1e999}}',
        "not a number": b'{"message":"Hi","metadata":{"a":NaN}}',
        "a depth bomb": deep % (b"[" * 300, b"]" * 300),
        "an open depth bomb": b"[" * 100_000,
        "a list": b"[]",
        "a string": b'"Hi"',
        "a number": b"7",
        "null": b"null",
        "UTF-16": '{"message":"Hi"}'.encode("utf-16"),
        "invalid UTF-8": b'{"message":"\xff"}',
        "an overlong encoding": b'{"message":"\xc0\xaf"}',
        "an encoded surrogate": b'{"message":"\xed\xa0\x80"}',
        "a member that appears twice": b'{"message":"Hi","message":"Ho"}',
        "a member that appears twice, once escaped": b'{"message":"Hi","m\\u0065ssage":"Ho"}',
        "a form": b"message=Hi",
    }.items():
        yield Row(f"start: {name}", start(body), 400, "malformed")
        if b"twice" not in name.encode():
            yield Row(f"session: {name}", session(body.replace(b"message", b"surface")), 400, "malformed")
    chunked = Row("start: truncated, chunked", start(good[:-1], chunked=True), 400, "malformed")
    yield chunked
    yield Row("start: no body", lambda world: request("POST", "/chat/start", token=world.token), 400, "malformed")
    yield Row("start: a body past the limit", start(b" " * (1 << 20) + good), 413, "body_too_large", readable=False)
    yield Row(
        "start: a chunked body past the limit",
        start(b'{"message":"%s"}' % (b"x" * (1 << 20)), chunked=True),
        413,
        "body_too_large",
        readable=False,
    )
    yield Row("session: a body past the limit", session({"surface": "x" * 4096}), 400, "malformed")


def members():
    """Members of the wrong type."""
    wrong = {
        "model": [7, True, [], {}, "", "x" * 201, "a\0b"],
        "conversation": [7, True, [], {}, ""],
        "message": [7, None, True, {}, [7], [None], [[]], [{}], [{"type": 7}], [{"type": "text"}]]
        + [[{"type": "text", "text": 7}]],
        "stream": [7, True, "poll", [], {}, {"modes": "poll"}, {"modes": [7]}, {"modes": {}}, {"modes": ["poll", 7]}],
        "metadata": [7, True, None, "x", [], {"a": "x" * 8192}, {"a": "\0"}, {"a\0": 1}, {"a": [{"b": "\0"}]}],
    }
    for member, values in wrong.items():
        for value in values:
            text = json.dumps(value)
            shown = text if len(text) < 40 else f"{text[:16]}… of {len(text)}"
            yield Row(f"start: {member} is {shown}", start({"message": "Hi", member: value}), 400, "malformed")
    for member in ("temperature", "Message", "__proto__", "x" * 5000):
        yield Row(f"start: unknown {member[:20]}", start({"message": "Hi", member: 1}), 400, "malformed")
    for body in ({}, {"surface": 7}, {"surface": None}, {"surface": ["open"]}, {"surface": "open", "user": "me"}):
        yield Row(f"session: {json.dumps(body)}", session(body), 400, "malformed")


def starts():
    """Well-formed starts that cannot be done."""
    for name, message in {
        "an empty message": "",
        "blanks": " \t\r\n",
        "wide blanks": "\u00a0\u2003\u3000",
        "no parts": [],
        "empty parts": [{"type": "text", "text": ""}, {"type": "text", "text": " "}],
    }.items():
        yield Row(f"start: {name}", start({"message": message}), 422, "empty_message")
    for name, text in {"one string": "x" * (256 * 1024 + 1), "two bytes each": "é" * (128 * 1024 + 1)}.items():
        body = json.dumps({"message": text}, ensure_ascii=False).encode()
        yield Row(f"start: a message too long, {name}", start(body), 413, "message_too_long")
    halves = [{"type": "text", "text": "x" * (128 * 1024 + 1)}] * 2
    yield Row("start: a message too long in parts", start({"message": halves}), 413, "message_too_long")
    yield Row("start: an unknown part", start({"message": [{"type": "smell"}]}), 422, "unsupported_part")
    for modes in ([], ["telepathy"]):
        body = {"message": "Hi", "stream": {"modes": modes}}
        yield Row(f"start: modes {modes}", start(body), 422, "unsupported_mode")
    for name, model in {
        "an unknown model": lambda world: "absent",
        "a disabled model": lambda world: world.disabled.name,
        "a model without route": lambda world: world.routeless.name,
        "a provider's model": lambda world: world.model.provider_model,
    }.items():
        yield Row(
            f"start: {name}",
            start(lambda world, model=model: {"message": "Hi", "model": model(world)}),
            422,
            "unknown_model",
        )
    yield Row("start: no model and no default", start({"message": "Hi"}), 422, "unknown_model")
    yield Row(
        "start: a conversation whose turn still runs",
        start(lambda world: {"message": "Hi", "model": world.model.name, "conversation": world.live.conversation}),
        409,
        "turn_in_progress",
        retryable=True,
        extra=frozenset(PASS),
    )

    def other_body(world: World) -> Request:
        headers = {"Idempotency-Key": world.used_key()}
        return request("POST", "/chat/start", {"message": "Twice"}, token=world.token, headers=headers)

    yield Row("start: a key used for another body", other_body, 422, "idempotency_key_reused")
    long_key = {"Idempotency-Key": "k" * 256}
    yield Row("start: a key too long", start({"message": "Hi"}, headers=long_key), 400, "malformed")


def sessions():
    for surface in ("absent", "members", "closed", ""):
        yield Row(f"session: surface {surface!r}", session({"surface": surface}), 403, "no_anonymous_sessions")
    yield Row(
        "session: too many",
        session({"surface": "full"}),
        429,
        "too_many_sessions",
        retryable=True,
        headers={"retry-after": r"[1-9]\d?"},
    )


def polls():
    """Queries that ask for nothing that is."""
    cursors = ["", "1", ".", "1.", ".1", "a.b", "1.b", "1.-1", "-1.0", "0.0", "0.5", "1.0.0", "1..0", " 1.0", "1.0 "]
    cursors += ["1,0", "+1.0", "1.+0", "1e0.0", "0x1.0", "1.0\0", "null", "1.9999999999", "9999999999.0", "١.٠", "1．0"]
    cursors += ["1.99999999999999999999", "x" * 4000, '"1.0"', "1.0\n"]
    for cursor in cursors:
        yield Row(f"poll: cursor {cursor[:24]!r}", poll(f"cursor={quote(cursor, safe='')}"), 400, "bad_cursor")
    yield Row("poll: a cursor without value", poll("cursor"), 400, "bad_cursor")
    yield Row("poll: a cursor that is no UTF-8", poll("cursor=1.%FF"), 400, "bad_cursor")
    for wait in ("", "soon", "-1", "1.5", "1e3", "0x10", " 5", "5 ", "9" * 20, "null"):
        yield Row(f"poll: wait {wait!r}", poll(f"cursor=1.0&wait={quote(wait, safe='')}"), 400, "malformed")
    for name, reader in {"ASCII": "r" * 33, "two bytes each": "é" * 17}.items():
        yield Row(f"poll: a reader too long, {name}", poll(f"cursor=1.0&reader={quote(reader)}"), 400, "malformed")

    def too_many(world: World) -> Request:
        reader = world.exhausted_reader()
        return request("GET", f"/chat/{world.patient.id}/poll?cursor=1.0&reader={reader}", token=world.patient.token)

    yield Row(
        "poll: too many",
        too_many,
        429,
        "too_many_requests",
        retryable=True,
        headers={"retry-after": r"[1-9]\d?"},
        extra=frozenset({"poll_after_ms"}),
    )


def credentials():
    """Who proves too little, at every route that asks."""

    def unproved(name: str, headers: Callable[[World], dict]):
        def at(method: str, target: Callable[[World], str], body=None):
            return lambda world: request(method, target(world), body, headers=headers(world))

        wanted = {"www-authenticate": "Bearer"}
        cursor = "?cursor=1.0"
        yield Row(f"start: {name}", at("POST", lambda _: "/chat/start", {"message": "Hi"}), 401, "invalid_token", headers=wanted)
        poll = at("GET", lambda world: f"/chat/{world.ended.id}/poll{cursor}")
        yield Row(f"poll: {name}", poll, 401, "invalid_token", headers=wanted)
        cancel = at("POST", lambda world: f"/chat/{world.live.id}/cancel")
        yield Row(f"cancel: {name}", cancel, 401, "invalid_token", headers=wanted)

    def bearer(token: Callable[[World], str]):
        return lambda world: {"Authorization": f"Bearer {token(world)}"}

    def swapped(place: int, text: str):
        def token(world: World) -> str:
            parts = world.token.split(".")
            parts[place] = text
            return ".".join(parts)

        return token

    def resealed(payload: Callable[[bytes], bytes]):
        """Signed by our own key, for a payload no node writes."""
        return lambda world: sealed(world.deployment, payload(decoded(world.token.split(".")[2])))

    tokens: dict[str, Callable[[World], str]] = {
        "an empty token": lambda world: "",
        "nonsense": lambda world: "nonsense",
        "an expired session": World.expired,
        "an expired turn token": lambda world: signed(
            world.deployment, TURN, int(time.time()) - 1, world.identity, world.ended.id
        ),
        "a truncated token": lambda world: world.token[:-1],
        "a token without its mac": lambda world: world.token.rpartition(".")[0],
        "an empty mac": swapped(3, ""),
        "a token with one more part": lambda world: world.token + ".x",
        "a token with something behind": lambda world: world.token + "A",
        "a padded token": lambda world: world.token + "=",
        "a short mac": lambda world: world.token[:-22],
        "another version": swapped(0, "v2"),
        "no version": swapped(0, ""),
        "an unknown kid": swapped(1, "other"),
        "an empty kid": swapped(1, ""),
        "a kid that is a path": swapped(1, "../../dev/null"),
        "the kid in capitals": swapped(1, "DEV"),
        "a key of somebody else": lambda world: sealed_by(
            "0" * 64, "dev", packed(SESSION, int(time.time()) + 60, world.identity, world.surface)
        ),
        "an empty key": lambda world: sealed_by(
            "", "dev", packed(SESSION, int(time.time()) + 60, world.identity, world.surface)
        ),
        "a kind of no token": resealed(lambda payload: b"\0" + payload[1:]),
        "a kind to come": resealed(lambda payload: b"\x04" + payload[1:]),
        "a payload too short": resealed(lambda payload: payload[:-1]),
        "a payload too long": resealed(lambda payload: payload + b"\0"),
        "an empty payload": resealed(lambda payload: b""),
        "a JWT without algorithm": lambda world: web_token("none", ""),
        "a JWT signed by HMAC": lambda world: web_token("HS256", encoded(b"x" * 32)),
        "a version named none": swapped(0, "none"),
        "a token of a thousand bytes": lambda world: "v1.dev." + "A" * 1000 + ".A",
        "an unknown surface key": lambda world: "sk_" + "x" * 43,
        "an empty surface key": lambda world: "sk_",
    }
    yield from unproved("no token", lambda world: {})
    for name, token in tokens.items():
        yield from unproved(name, bearer(token))
    yield from unproved("another scheme", lambda world: {"Authorization": f"Basic {world.token}"})
    yield from unproved("no scheme", lambda world: {"Authorization": world.token})
    yield from unproved("a scheme alone", lambda world: {"Authorization": "Bearer"})

    by_query = {"a session": lambda world: world.token, "a turn token": lambda world: world.ended.token}
    for name, token in by_query.items():
        yield Row(
            f"poll: {name} in the query",
            lambda world, token=token: request("GET", f"/chat/{world.ended.id}/poll?cursor=1.0&token={token(world)}"),
            401,
            "invalid_token",
            headers={"www-authenticate": "Bearer"},
        )
    # A bad header is not made good by the query.
    yield Row(
        "poll: a bad header before a good query",
        lambda world: request(
            "GET", f"/chat/{world.ended.id}/poll?token={world.ended.started['read_token']}", token="nonsense"
        ),
        401,
        "invalid_token",
        headers={"www-authenticate": "Bearer"},
    )
    read_token = lambda world: world.live.started["read_token"]  # noqa: E731
    cancel = lambda world: f"/chat/{world.live.id}/cancel"  # noqa: E731
    yield Row(
        "cancel: a read token",
        lambda world: request("POST", cancel(world), token=read_token(world)),
        403,
        "read_only",
    )
    yield Row(
        "cancel: a read token in the query",
        lambda world: request("POST", f"{cancel(world)}?token={read_token(world)}"),
        403,
        "read_only",
    )
    for name, token in {"a read token": read_token, "a turn token": lambda world: world.ended.token}.items():
        yield Row(
            f"start: {name}",
            lambda world, token=token: request("POST", "/chat/start", {"message": "Hi"}, token=token(world)),
            403,
            "session_required",
        )
    yield Row(
        "start: the session of a disabled surface",
        lambda world: request("POST", "/chat/start", {"message": "Hi"}, token=world.of_closed_surface()),
        403,
        "surface_disabled",
    )


def ids():
    """Absent, malformed, or somebody else's: it all looks the same."""
    turns = {
        "a foreign turn": lambda world: world.strange.id,
        "a foreign live turn": lambda world: world.strange_live.id,
        "an absent turn": lambda world: str(uuid.uuid4()),
        "an id that is none": lambda world: "not-a-turn",
        "an id without hyphens": lambda world: world.ended.id.replace("-", ""),
        "an id in braces": lambda world: "%7B" + world.ended.id + "%7D",
        "an id with something behind": lambda world: world.ended.id + "0",
        "an id of a kilobyte": lambda world: "0" * 1024,
    }
    for name, turn in turns.items():
        yield Row(
            f"poll: {name}",
            lambda world, turn=turn: request("GET", f"/chat/{turn(world)}/poll?cursor=1.0", token=world.token),
            404,
            "not_found",
        )
        yield Row(
            f"cancel: {name}",
            lambda world, turn=turn: request("POST", f"/chat/{turn(world)}/cancel", token=world.token),
            404,
            "not_found",
        )
    for name, target in {"poll": "poll?cursor=1.0", "cancel": "cancel"}.items():
        yield Row(
            f"{name}: another turn's token",
            lambda world, name=name, target=target: request(
                "POST" if name == "cancel" else "GET", f"/chat/{world.live.id}/{target}", token=world.ended.token
            ),
            404,
            "not_found",
        )
    # What a token says of itself is believed no further than the turn's row says the same.
    yield Row(
        "poll: a read token of the turn for another identity",
        lambda world: request(
            "GET",
            f"/chat/{world.strange.id}/poll?cursor=1.0&token="
            + signed(world.deployment, READ, int(time.time()) + 60, world.identity, world.strange.id),
        ),
        404,
        "not_found",
    )
    conversations = {
        "a foreign conversation": lambda world: world.strange.conversation,
        "a foreign busy conversation": lambda world: world.strange_live.conversation,
        "an absent conversation": lambda world: str(uuid.uuid4()),
        "a conversation that is no id": lambda world: "not-a-conversation",
        "a turn as conversation": lambda world: world.ended.id,
    }
    for name, conversation in conversations.items():
        yield Row(
            f"start: {name}",
            start(
                lambda world, conversation=conversation: {
                    "message": "Hi",
                    "model": world.model.name,
                    "conversation": conversation(world),
                }
            ),
            404,
            "not_found",
        )


def encodings():
    """Bytes that are no UTF-8 where nginx lets them pass, and headers that are too many."""
    latin = "René".encode("latin-1")
    raw = {
        "poll: a path": lambda world: request("GET", f"/chat/%FF{world.ended.id[1:]}/poll", token=world.token),
        "poll: a raw path": lambda world: request("GET", b"/chat/\xff/poll", token=world.token),
        "poll: a raw query": lambda world: request(
            "GET", b"/chat/%s/poll?cursor=1.0&reader=\xff" % world.ended.id.encode(), token=world.token
        ),
        "start: a user": start({"message": "Hi"}, headers={"X-Sluice-User": latin}),
        "start: a key": start({"message": "Hi"}, headers={"Idempotency-Key": latin}),
        "start: a token": start({"message": "Hi"}, headers={"Authorization": b"Bearer " + latin}),
    }
    for name, make in raw.items():
        yield Row(f"{name} that is no UTF-8", make, 400, "bad_request", readable=False)
    wide = {"Accept": "a" * 40_000, "X-Sluice-User": "u" * 40_000}
    yield Row(
        "start: headers past the limit", start({"message": "Hi"}, headers=wide), 431, "headers_too_large", readable=False
    )


def paths():
    """Paths that lead nowhere, and methods that a path does not take."""
    for path in ("/chat/", "/chat/start/", "/chat/Start", "/chat//poll", "/chat/nothing/here", "/chat/a/b/poll"):
        yield Row(f"path {path}", lambda world, path=path: request("GET", path, token=world.token), 404, "not_found")
    taken = {"/chat/start": "POST", "/chat/session": "POST", "/chat/{}/cancel": "POST", "/chat/{}/poll": "GET"}
    for path, method in taken.items():
        for wrong in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"):
            if wrong == method:
                continue
            yield Row(
                f"{wrong} {path.format('…')}",
                lambda world, path=path, wrong=wrong: request(wrong, path.format(world.ended.id), token=world.token),
                405,
                "method_not_allowed",
                headers={"allow": f"{method}, OPTIONS"},
            )
