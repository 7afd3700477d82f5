"""Bodies that are wrong: no JSON, no such members, or nothing that can be done."""

import json
from collections.abc import Iterator

from errors.row import PASS, Row, request, session, start
from errors.world import World
from raw_http import Request


def bodies() -> Iterator[Row]:
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
        "a byte order mark": b"\xef\xbb\xbf" + good,
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


def members() -> Iterator[Row]:
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


def images() -> Iterator[Row]:
    """Image parts that are none."""
    png = {"media_type": "image/png"}
    for name, part in {
        "nothing": {},
        "both forms": {"url": "https://x.example/a.png", "data": "AAAA", **png},
        "a url with a type": {"url": "https://x.example/a.png", **png},
        "a url that is a number": {"url": 7},
        "an empty url": {"url": ""},
        "a url without host": {"url": "https://"},
        "a url of a file": {"url": "file:///etc/passwd"},
        "a url of data": {"url": "data:image/png;base64,AAAA"},
        "a url with a blank": {"url": "https://x.example/a b"},
        "a url with a user": {"url": "https://user:secret@x.example/"},
        "a url beyond ASCII": {"url": "https://x.example/\u00e9"},
        "a url too long": {"url": "https://x.example/" + "x" * 2048},
        "data that is a number": {"data": 7, **png},
        "no data": {"data": "", **png},
        "data that is no base64": {"data": "A*==", **png},
        "data without padding": {"data": "AAA", **png},
        "data of the URL alphabet": {"data": "-_-_", **png},
        "data with a line end": {"data": "AAAA\nAAAA", **png},
        "an unknown member": {"url": "https://x.example/a.png", "detail": "high"},
    }.items():
        body = {"message": [{"type": "image", **part}]}
        yield Row(f"start: an image with {name}", start(body), 400, "malformed")
    for name, kind in {
        "no type": {},
        "a type that is a number": {"media_type": 7},
        "a type that is a program": {"media_type": "image/svg+xml"},
    }.items():
        body = {"message": [{"type": "image", "data": "AAAA", **kind}]}
        yield Row(f"start: an image with {name}", start(body), 422, "unsupported_image")
    many = {"message": [{"type": "image", "url": "https://x.example/a.png"}] * 17}
    yield Row("start: too many images", start(many), 422, "too_many_images")
    unknown = {"message": [{"type": "text", "text": "Hi", "cache": True}]}
    yield Row("start: an unknown member of a text", start(unknown), 400, "malformed")


def starts() -> Iterator[Row]:
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
        extra=PASS,
    )

    def other_body(world: World) -> Request:
        headers = {"Idempotency-Key": world.used_key()}
        return request("POST", "/chat/start", {"message": "Twice"}, token=world.token, headers=headers)

    yield Row("start: a key used for another body", other_body, 422, "idempotency_key_reused")
    long_key = {"Idempotency-Key": "k" * 256}
    yield Row("start: a key too long", start({"message": "Hi"}, headers=long_key), 400, "malformed")


def sessions() -> Iterator[Row]:
    yield Row(
        "session: a member that appears twice",
        session(b'{"surface":"open","surface":"members"}'),
        400,
        "malformed",
    )
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
