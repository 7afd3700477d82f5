"""Compressed by nginx: the same bytes, far fewer of them, and each event as soon as it is there."""

import json
import re
import zlib

import brotli
import pytest
from nginx_copy import MAIN, check, dump, edit
from raw_http import Reply, Request, send
from stream_client import EVENTS, LINES, open_stream

ENCODINGS = pytest.mark.parametrize("encoding", ["gzip", "br"])
FORMS = pytest.mark.parametrize("accept", [EVENTS, LINES], ids=["events", "lines"])


def decoder(encoding: str):
    """Takes what has come and gives what that says, without waiting for more."""
    if encoding == "br":
        return brotli.Decompressor().process
    return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress


def poll(site, turn, encoding: str, cursor: str = "1.0") -> Reply:
    headers = {"Authorization": f"Bearer {turn.token}", "Accept-Encoding": encoding}
    return send(site.nginx.url, Request("GET", f"/chat/{turn.id}/poll?cursor={cursor}", headers))


@ENCODINGS
def test_a_poll_of_a_long_answer(site, encoding):
    turn = site.client().start(model=site.model("text=prose;rate=0;tokens=3000").name).read()
    plain, packed = poll(site, turn, "identity"), poll(site, turn, encoding)
    assert "content-encoding" not in plain.headers and packed.headers["content-encoding"] == encoding
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"
    assert decoder(encoding)(packed.body) == plain.body
    assert "".join(event.get("text", "") for event in plain.json["events"]) == turn.text
    assert len(packed.body) <= 0.4 * len(plain.body), (len(packed.body), len(plain.body))


@ENCODINGS
def test_what_is_short_is_left_as_it_is(site, encoding):
    turn = site.client().start(model=site.model("rate=0;tokens=5").name).read()
    reply = poll(site, turn, encoding, turn.cursor)
    assert reply.status == 200 and "content-encoding" not in reply.headers
    assert reply.json["state"] == "done"


@FORMS
@ENCODINGS
def test_a_whole_stream(site, accept, encoding):
    turn = site.client().start(model=site.model("text=prose;rate=0;tokens=3000").name).read()
    bodies = {}
    for asked in ("identity", encoding):
        with open_stream(turn.another_reader(), accept=accept, Accept_Encoding=asked) as stream:
            assert stream.headers.get("Content-Encoding", "identity") == asked
            bodies[asked] = stream.response.read()
    # The time to come again is drawn by lot.
    plain, unpacked = (re.sub(rb"retry: \d+", b"", body) for body in (bodies["identity"], decoder(encoding)(bodies[encoding])))
    assert unpacked == plain and plain.count(b'"text":') > 3
    assert len(bodies[encoding]) <= 0.4 * len(bodies["identity"]), {name: len(body) for name, body in bodies.items()}


@FORMS
@ENCODINGS
def test_each_event_can_be_read_at_once(site, accept, encoding):
    """All that the provider has said is there while it says no more, and nothing else came behind it."""
    model = site.model("text=prose;rate=50;tokens=60;fault=stall;after=30")
    turn = site.client().start(model=model.name)
    said = site.text(model)
    with open_stream(turn, accept=accept, Accept_Encoding=encoding) as stream:
        decode, body, pieces = decoder(encoding), b"", 0
        text = ""
        while len(text.split()) < 30:
            piece = stream.response.read1(65536)
            assert piece, "it has ended"
            body += decode(piece)
            pieces += 1
            text = "".join(json.loads(f'"{part}"') for part in re.findall(r'"text":"((?:[^"\\]|\\.)*)"', body.decode()))
    turn.cancel()
    assert said.startswith(text) and pieces > 3
    # It was not pushed out by the comment that comes every 15 s.
    assert b": ping" not in body


def test_a_site_without_the_module_for_brotli(site, copy):
    (copy / "sluice-brotli.conf").unlink()
    edit(copy, MAIN, "^load_module .*$", "")
    assert "brotli" not in dump(copy).replace("sluice-brotli", "")
    assert check(site, dump(copy), "-")[:2] == (0, [])
