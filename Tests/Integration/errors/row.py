"""A wrong request and what it is told."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from errors.world import World
from raw_http import Request

# What the refusal of a second start holds beside `error`: all it takes to read or cancel the turn that runs.
PASS = frozenset(
    {"turn", "conversation", "state", "cursor", "poll_after_ms", "token", "read_token", "expires_at", "links"}
)


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
    # Through these alone nginx lets it pass; empty: through all.
    doors: frozenset[str] = frozenset()

    def extra_values(self, answer: dict) -> list:
        """What the reply tells beside the error, on purpose."""
        return [answer[name] for name in self.extra]


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
