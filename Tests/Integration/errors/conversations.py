"""Requests about conversations and models that are wrong."""

import uuid
from collections.abc import Callable, Iterator
from urllib.parse import quote

from errors.row import PASS, Row, request, start
from errors.world import World

LIST, MODELS = "/chat/conversations", "/chat/models"


def one(world: World, conversation: str | None = None) -> str:
    return f"{LIST}/{conversation or world.ended.conversation}"


# Each route that asks for an identity, and a right request for it.
ROUTES: dict[str, Callable[[World], tuple[str, str]]] = {
    "models": lambda world: ("GET", MODELS),
    "list": lambda world: ("GET", LIST),
    "read": lambda world: ("GET", one(world)),
    "delete": lambda world: ("DELETE", one(world)),
}


def conversations() -> Iterator[Row]:
    yield from pages()
    yield from others()
    for name, route in ROUTES.items():
        for what, token in {
            "no token": lambda world: None,
            "nonsense": lambda world: "nonsense",
            "an expired session": World.expired,
            "an unknown surface key": lambda world: "sk_" + "x" * 43,
        }.items():
            yield Row(
                f"{name}: {what}",
                lambda world, route=route, token=token: request(*route(world), token=token(world)),
                401,
                "invalid_token",
                headers={"www-authenticate": "Bearer"},
            )
        for what, token in {
            "a turn token": lambda world: world.ended.token,
            "a read token": lambda world: world.ended.started["read_token"],
        }.items():
            yield Row(
                f"{name}: {what}",
                lambda world, route=route, token=token: request(*route(world), token=token(world)),
                403,
                "session_required",
            )
    yield Row(
        "delete: a conversation whose turn still runs",
        lambda world: request("DELETE", one(world, world.live.conversation), token=world.token),
        409,
        "turn_in_progress",
        retryable=True,
        extra=PASS,
    )


def pages() -> Iterator[Row]:
    """Parts of lists that are none."""
    some = "01a1fdfd-e0f9-7001-b0f1-9f5db138a992"
    cursors = ["", "1", ".", "1.", f".{some}", f"-1.{some}", f"x.{some}", f"1.5.{some}", f"1.{some}.", f"1.{some}0"]
    cursors += [some, f"{'9' * 20}.{some}", f" 1.{some}", f"1.{some[:-1]}\0"]
    routes = {"list": (lambda world: LIST, 100), "read": (one, 200)}
    for name, (path, most) in routes.items():
        for query, code in [
            *((f"limit={quote(limit)}", "malformed") for limit in ("", "0", "-1", "1.5", "many", str(most + 1))),
            *((f"before={quote(cursor)}", "bad_cursor") for cursor in cursors),
        ]:
            yield Row(
                f"{name}: {query.replace(some[:-1], '…')}",
                lambda world, path=path, query=query: request("GET", f"{path(world)}?{query}", token=world.token),
                400,
                code,
            )


def others() -> Iterator[Row]:
    """Absent, malformed, or somebody else's: it all looks the same."""
    for name, conversation in {
        "a foreign conversation": lambda world: world.strange.conversation,
        "a foreign busy conversation": lambda world: world.strange_live.conversation,
        "an absent conversation": lambda world: str(uuid.uuid4()),
        "an id that is none": lambda world: "not-a-conversation",
        "a turn": lambda world: world.ended.id,
    }.items():
        for method in ("GET", "DELETE"):
            yield Row(
                f"{method} of {name}",
                lambda world, method=method, conversation=conversation: request(
                    method, one(world, conversation(world)), token=world.token
                ),
                404,
                "not_found",
            )


def branches() -> Iterator[Row]:
    """Starts that follow a message which is not there."""

    def after(value, **more) -> Callable[[World], dict]:
        def make(world: World) -> dict:
            body = {"message": "Hi", "model": world.model.name, "conversation": world.ended.conversation, **more}
            return {**body, "after": value(world) if callable(value) else value}

        return make

    for value in (7, True, [], {}):
        yield Row(f"start: after is {value}", start(after(value)), 400, "malformed")
    for name, value in {
        "no id": "first",
        "an absent message": lambda world: str(uuid.uuid4()),
        "a foreign message": lambda world: world.strange.end["message"]["id"],
        "a message of another conversation": lambda world: world.other_message,
        "the conversation": lambda world: world.ended.conversation,
    }.items():
        yield Row(f"start: after is {name}", start(after(value)), 422, "unknown_message")
    yield Row(
        "start: after without conversation",
        start(lambda world: {"message": "Hi", "model": world.model.name, "after": world.ended.end["message"]["id"]}),
        400,
        "malformed",
    )
    yield Row(
        "start: more than the model bears",
        start(lambda world: {"message": "x" * 1000, "model": world.narrow.name}),
        422,
        "context_too_long",
    )
    yield Row(
        "start: more than the model bears, in a conversation",
        start(
            lambda world: {
                "message": "x" * 1000,
                "model": world.narrow.name,
                "conversation": world.ended.conversation,
            }
        ),
        422,
        "context_too_long",
    )
