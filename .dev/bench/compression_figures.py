"""Replies that nginx compresses, beside the same without: how much smaller, and whether they come as soon."""

import ctypes
import http.client
import json
import statistics
import threading
import time
import zlib
from collections.abc import Iterator

from figures import Figure, measures
from site_ import Site, Turn
from stack import Nginx
from stack.nginx import SOURCES

# For a site whose snippet has none.
DIRECTIVES = """
  gzip on;
  gzip_types application/json text/event-stream;
  gzip_min_length 512;
  gzip_comp_level 4;
"""
ENCODINGS = ("identity", "gzip", "br")
TRIES = 30


class Brotli:
    """libcurl's own decoder, piece by piece."""

    def __init__(self):
        self.library = ctypes.CDLL("libbrotlidec.so.1")
        self.library.BrotliDecoderCreateInstance.restype = ctypes.c_void_p
        self.library.BrotliDecoderTakeOutput.restype = ctypes.c_void_p
        self.state = ctypes.c_void_p(self.library.BrotliDecoderCreateInstance(None, None, None))

    def decompress(self, data: bytes) -> bytes:
        count, place = ctypes.c_size_t(len(data)), ctypes.c_char_p(data)
        room, out, text = ctypes.c_size_t(0), ctypes.c_void_p(), b""
        while True:
            self.library.BrotliDecoderDecompressStream(
                self.state, ctypes.byref(count), ctypes.byref(place), ctypes.byref(room), ctypes.byref(out), None
            )
            size = ctypes.c_size_t(0)
            taken = self.library.BrotliDecoderTakeOutput(self.state, ctypes.byref(size))
            if not size.value:
                return text
            text += ctypes.string_at(taken, size.value)

    def __del__(self):
        self.library.BrotliDecoderDestroyInstance(self.state)


class Plain:
    def decompress(self, data: bytes) -> bytes:
        return data


class Body:
    """One answer as it comes, by `GET path`."""

    def __init__(self, nginx: Nginx, path: str, token: str, encoding: str):
        self.connection = http.client.HTTPConnection("127.0.0.1", nginx.port, timeout=60)
        self.asked = time.perf_counter()
        headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream", "Accept-Encoding": encoding}
        self.connection.request("GET", path, headers=headers)
        self.response = self.connection.getresponse()
        if self.response.status != 200:
            raise RuntimeError(f"status {self.response.status}")
        self.encoding = self.response.headers.get("Content-Encoding", "identity")
        self.decoder = {"gzip": lambda: zlib.decompressobj(31), "br": Brotli}.get(self.encoding, Plain)()
        # As sent, framing aside.
        self.size = 0
        self.is_over = False

    def read(self) -> bytes:
        """Text of what is there."""
        data = self.response.read1()
        self.size += len(data)
        self.is_over = not data
        return self.decoder.decompress(data)

    def rest(self) -> bytes:
        text = b""
        while not self.is_over:
            text += self.read()
        self.connection.close()
        return text


@measures("compression_first_ms", "compression_events_saved", "compression_polls_saved")
def compression(site: Site) -> Iterator[Figure]:
    has = "gzip on" in (SOURCES / "sluice.conf").read_text()
    nginx = Nginx(
        site.processes, site.folder.path, site.logs / "nginx-compression.log", site.node.addresses, site.node.operator,
        settings="" if has else DIRECTIVES,
    )
    nginx.start()
    try:
        first = first_chunks(site, nginx)
        events, polls = whole(site, nginx)
    finally:
        nginx.stop()
    named = [name for name in ENCODINGS[1:] if name in first]
    note = "" if "br" in named else "; this nginx has no brotli"
    note += "" if has else "; directives of the benchmark's own"
    later = {name: first[name] - first["identity"] for name in named}
    told = ", ".join(f"{name} {first[name]:.2f} ms" for name in first)
    yield Figure("compression_first_ms", max(later.values()), "ms", "≤ 5", f"to the first event of a stream, median of {TRIES}, later than without: {told}{note}")
    for name, sizes in (("events", events), ("polls", polls)):
        told = ", ".join(f"{encoding} {size:,} B" for encoding, size in sizes.items())
        worst = max(sizes[encoding] for encoding in named)
        yield Figure(f"compression_{name}_saved", 1 - worst / sizes["identity"], "ratio", "≥ 0.6", f"the same prose, read as it came, 100 tokens/s: {told}{note}")


def first_chunks(site: Site, nginx: Nginx) -> dict[str, float]:
    """Milliseconds to the first event, of streams that go on: what a filter holds back would not come at all."""
    model = site.model("stalled-prose", "rate=0;tokens=400;text=prose;fault=stall;after=40")
    times: dict[str, list[float]] = {}
    for index in range(TRIES):
        turn = site.begin(model, site.session("quick"))
        site.poll(turn, wait=5000)
        # Each is the first as often as the others.
        for encoding in ENCODINGS[index % 3 :] + ENCODINGS[: index % 3]:
            body = Body(nginx, turn.path("events"), turn.token, encoding)
            text = b""
            while b"\n\n" not in text.partition(b"data: ")[2]:
                text += body.read()
            times.setdefault(body.encoding, []).append((time.perf_counter() - body.asked) * 1000)
            body.connection.close()
    return {encoding: statistics.median(values) for encoding, values in times.items() if len(values) >= TRIES}


def whole(site: Site, nginx: Nginx) -> tuple[dict[str, int], dict[str, int]]:
    """Bytes of a turn's whole prose by encoding, of its stream and of its polls, read as it comes by one reader each."""
    turn = site.begin(site.model("prose", "rate=100;tokens=600;text=prose"), site.session())
    events: dict[str, int] = {}
    polls: dict[str, int] = {}

    def stream(encoding: str) -> None:
        body = Body(nginx, turn.path("events", reader=f"s{encoding}"), turn.token, encoding)
        body.rest()
        events[body.encoding] = body.size

    def poll(encoding: str) -> None:
        size, reply, used = 0, {"cursor": turn.cursor, "state": "streaming", "poll_after_ms": 0}, set()
        while reply["state"] == "streaming":
            time.sleep(reply["poll_after_ms"] / 1000)
            path = Turn(turn.id, turn.token, reply["cursor"]).path(wait=20000, reader=f"p{encoding}")
            body = Body(nginx, path, turn.token, encoding)
            reply = json.loads(body.rest())
            size += body.size
            used.add(body.encoding)
        polls[max(used, key=lambda name: name != "identity")] = size

    readers = [threading.Thread(target=target, args=(encoding,)) for target in (stream, poll) for encoding in ENCODINGS]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    return events, polls
