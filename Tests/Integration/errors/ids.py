"""Turns and conversations that are absent, no longer kept, or somebody else's."""

import time
import uuid
from collections.abc import Iterator

from errors.row import Row, request, start
from signed_token import READ, signed


def ids() -> Iterator[Row]:
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
    yield Row(
        "poll: a turn of which nothing is kept",
        lambda world: request("GET", f"/chat/{world.purged}/poll?cursor=1.0", token=world.token),
        410,
        "purged",
    )
    yield Row(
        "poll: a foreign turn of which nothing is kept",
        lambda world: request("GET", f"/chat/{world.purged}/poll?cursor=1.0", token=world.stranger.token),
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
