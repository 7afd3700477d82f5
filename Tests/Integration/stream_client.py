"""Streams of a turn as their readers see them: server-sent events and JSON lines, read as they come."""

import http.client
import json
import random
import time
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass

import canaries
from chat_client import TRANSIENT, Turn

EVENTS, LINES = "text/event-stream", "application/x-ndjson"
QUIET_S = 30


@dataclass(frozen=True)
class Message:
    """One message of a stream: of JSON lines, `event` is that which the same would be as a server-sent event."""

    event: str
    id: str | None
    data: dict


class Stream:
    """An answer that comes in pieces. It is refused if `status` is not 200; then `text` is the whole body."""

    def __init__(
        self, url: str, path: str, *, accept: str = EVENTS, token: str | None = None, method: str = "GET",
        body: dict | None = None, **headers: str,
    ):
        address = urllib.parse.urlsplit(url)
        self.connection = http.client.HTTPConnection(address.hostname, address.port, timeout=QUIET_S)
        sent = {"Accept": accept, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        self.connection.request(method, path, json.dumps(body) if body is not None else None, sent)
        self.response = self.connection.getresponse()
        self.status = self.response.status
        self.headers = self.response.headers
        self.accept = accept
        # Everything that is no message: comments, and the time to come again.
        self.comments: list[str] = []
        self.retries: list[int] = []
        self.text = "" if self.status == 200 else self.response.read().decode()

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        self.response.close()
        self.connection.close()

    def lines(self) -> Iterator[str]:
        """Whole lines, each as soon as it is there."""
        while line := self.response.readline():
            assert not canaries.sing(line.decode()), line
            if line.endswith(b"\n"):
                yield line[:-1].decode()

    def __iter__(self) -> Iterator[Message]:
        return self.events() if self.accept == EVENTS else self.objects()

    def events(self) -> Iterator[Message]:
        """As WHATWG HTML, section 9.2.6 has it, as far as Sluice uses it."""
        fields: dict[str, str] = {}
        for line in self.lines():
            if not line:
                if "data" in fields:
                    yield Message(fields.get("event", "message"), fields.get("id"), json.loads(fields["data"]))
                fields = {}
            elif line.startswith(":"):
                self.comments.append(line)
            else:
                name, _, value = line.partition(": ")
                if name == "retry":
                    self.retries.append(int(value))
                else:
                    assert name not in fields, f"{name} twice in one message"
                    fields[name] = value

    def objects(self) -> Iterator[Message]:
        for line in self.lines():
            data = json.loads(line)
            if "links" in data:
                yield Message("start", None, data)
                continue
            kind = "reset" if data.get("reset") else "chunk" if data["state"] == "streaming" else "end"
            if kind == "chunk" and not data["events"]:
                self.comments.append(line)
                continue
            yield Message(kind, data["cursor"], data)


def open_stream(turn: Turn, *, accept: str = EVENTS, url: str | None = None, cursor: str | None = None, **headers) -> Stream:
    """The turn's stream from its cursor on."""
    query = urllib.parse.urlencode({"cursor": cursor or turn.cursor, "reader": f"{id(turn):x}"})
    return Stream(
        url or turn.client.url, f"/chat/{turn.id}/events?{query}", accept=accept, token=turn.token, **headers
    )


def apply(turn: Turn, message: Message) -> None:
    """Takes over what a message says, as the turn does with a poll's reply."""
    if message.event == "start":
        return
    reply = {"cursor": message.id, "events": [], "state": "streaming", **message.data}
    turn.apply({**reply, "reset": message.event == "reset"})


def read(turn: Turn, **options) -> Turn:
    """Reads the turn's stream to its end, again and again if it breaks off."""
    while turn.end is None:
        with open_stream(turn, **options) as stream:
            assert stream.status == 200, (stream.status, stream.text)
            for message in stream:
                apply(turn, message)
    return turn


class Wanderer(Turn):
    """A reader that goes over from polls to streams and back at any chunk, and breaks off in the middle of both.

    `urls`: where it asks, any of them each time.
    """

    def __init__(self, client, started: dict, dice: random.Random | None = None, urls: list[str] | None = None):
        super().__init__(client, started)
        self.dice = dice or random.Random()
        self.urls = urls or [client.url]
        # How often it left a way before the turn's end.
        self.switches = 0

    def poll(self, *, wait: int = 20_000) -> dict | None:
        """One poll, or one stream for a while; applied."""
        way = self.dice.choice([None, EVENTS, LINES])
        if way:
            self.stream(way, most=self.dice.randint(0, 12))
            reply = None
        else:
            reply = super().poll(wait=wait)
        self.switches += self.end is None
        return reply

    def stream(self, accept: str, most: int) -> None:
        """So many messages of a stream, unless it ends before."""
        try:
            with open_stream(self, accept=accept, url=self.dice.choice(self.urls)) as stream:
                if stream.status in TRANSIENT | {429}:
                    time.sleep(0.1)
                    return
                if stream.status == 404:
                    # A node of a release that has no streams: a poll tells whether the turn is there.
                    super().poll()
                    return
                assert stream.status == 200, (stream.status, stream.text)
                for count, message in enumerate(stream):
                    apply(self, message)
                    if count >= most:
                        return
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
