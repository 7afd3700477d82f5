"""Requests by those who prove too little."""

import json
import time
import uuid
from collections.abc import Callable, Iterator

from errors.row import Row, request
from errors.world import World
from signed_token import SESSION, TURN, decoded, encoded, packed, sealed, sealed_by, signed


def web_token(algorithm: str, mac: str) -> str:
    """A token of another system (RFC 7519)."""
    return ".".join([*(encoded(json.dumps(part).encode()) for part in ({"alg": algorithm}, {})), mac])


def credentials() -> Iterator[Row]:
    """Who proves too little, at every route that asks."""

    def unproved(name: str, headers: Callable[[World], dict]):
        def at(method: str, target: Callable[[World], str], body=None):
            return lambda world: request(method, target(world), body, headers=headers(world))

        wanted = {"www-authenticate": "Bearer"}
        for route, make in {
            "start": at("POST", lambda _: "/chat/start", {"message": "Hi"}),
            "poll": at("GET", lambda world: f"/chat/{world.ended.id}/poll?cursor=1.0"),
            "cancel": at("POST", lambda world: f"/chat/{world.live.id}/cancel"),
        }.items():
            yield Row(f"{route}: {name}", make, 401, "invalid_token", headers=wanted)

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

    def read_token(world: World) -> str:
        return world.live.started["read_token"]

    for name, make in {
        "a read token": lambda world: request("POST", f"/chat/{world.live.id}/cancel", token=read_token(world)),
        "a read token in the query": lambda world: request(
            "POST", f"/chat/{world.live.id}/cancel?token={read_token(world)}"
        ),
    }.items():
        yield Row(f"cancel: {name}", make, 403, "read_only")
    for name, token in {"a read token": read_token, "a turn token": lambda world: world.ended.token}.items():
        yield Row(
            f"start: {name}",
            lambda world, token=token: request("POST", "/chat/start", {"message": "Hi"}, token=token(world)),
            403,
            "session_required",
        )
    for name, make in {
        "models": lambda world: request("GET", "/chat/models", token=world.of_closed_surface()),
        "list": lambda world: request("GET", "/chat/conversations", token=world.of_closed_surface()),
        "history": lambda world: request(
            "GET", f"/chat/conversations/{uuid.uuid4()}", token=world.of_closed_surface()
        ),
        "deletion": lambda world: request(
            "DELETE", f"/chat/conversations/{uuid.uuid4()}", token=world.of_closed_surface()
        ),
    }.items():
        yield Row(f"{name}: the session of a disabled surface", make, 403, "surface_disabled")
    yield Row(
        "start: the session of a disabled surface",
        lambda world: request("POST", "/chat/start", {"message": "Hi"}, token=world.of_closed_surface()),
        403,
        "surface_disabled",
    )
