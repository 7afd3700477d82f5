"""Queries, encodings, paths and methods that are wrong."""

from collections.abc import Iterator
from urllib.parse import quote

from errors.row import Row, poll, request, start
from errors.world import World
from raw_http import Request


def polls() -> Iterator[Row]:
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


def encodings() -> Iterator[Row]:
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
    # nginx answers 500 by itself to what is longer than a FastCGI record.
    yield Row(
        "start: headers past the limit",
        start({"message": "Hi"}, headers=wide),
        431,
        "headers_too_large",
        readable=False,
        doors=frozenset({"scgi"}),
    )


def paths() -> Iterator[Row]:
    """Paths that lead nowhere, and methods that a path does not take."""
    for path in ("/chat/", "/chat/start/", "/chat/Start", "/chat//poll", "/chat/nothing/here", "/chat/a/b/poll"):
        yield Row(
            f"path {path}",
            lambda world, path=path: request("GET", path, token=world.token),
            404,
            "not_found",
        )
    taken = {
        "/chat/start": ["POST"],
        "/chat/session": ["POST"],
        "/chat/{turn}/cancel": ["POST"],
        "/chat/{turn}/poll": ["GET"],
        "/chat/models": ["GET"],
        "/chat/conversations": ["GET"],
        "/chat/conversations/{turn}": ["GET", "DELETE"],
    }
    for path, methods in taken.items():
        for wrong in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"):
            if wrong in methods:
                continue
            yield Row(
                f"{wrong} {path}",
                lambda world, path=path, wrong=wrong: request(
                    wrong, path.format(turn=world.ended.id), token=world.token
                ),
                405,
                "method_not_allowed",
                headers={"allow": ", ".join([*methods, "OPTIONS"])},
            )
