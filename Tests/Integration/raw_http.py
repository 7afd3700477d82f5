"""One HTTP request written byte by byte: what no library sends, such as invalid UTF-8, and what none shows."""

import http.client
import io
import json
import socket
from dataclasses import dataclass, field
from urllib.parse import urlsplit

PATIENCE = 70


@dataclass(frozen=True)
class Request:
    """`target` and `headers` go out as they stand; Host and Content-Length are added."""

    method: str
    target: str | bytes
    headers: dict[str, str | bytes] = field(default_factory=dict)
    body: bytes | None = None
    # Sent in pieces under Transfer-Encoding, without a length.
    chunked: bool = False

    def with_headers(self, headers: dict[str, str | bytes]) -> "Request":
        return Request(self.method, self.target, {**self.headers, **headers}, self.body, self.chunked)

    def encoded(self, host: str) -> bytes:
        lines = [b"%s %s HTTP/1.1" % (self.method.encode(), octets(self.target)), b"Host: " + host.encode()]
        lines += [b"%s: %s" % (name.encode(), octets(value)) for name, value in self.headers.items()]
        lines.append(b"Connection: close")
        body = self.body or b""
        if self.chunked:
            lines.append(b"Transfer-Encoding: chunked")
            pieces = [body[start : start + 7] for start in range(0, len(body), 7)] + [b""]
            body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
        elif self.body is not None:
            lines.append(b"Content-Length: %d" % len(body))
        return b"\r\n".join(lines) + b"\r\n\r\n" + body


@dataclass(frozen=True)
class Reply:
    """What came back, to the last byte; `headers` have small names."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict:
        return json.loads(self.body)

    def holds(self, secret: str) -> bool:
        return secret.encode() in self.body or any(secret in value for value in self.headers.values())


def send(url: str, request: Request) -> Reply:
    """Sends the request on a connection of its own and reads until the server closes it."""
    host = urlsplit(url).netloc
    name, port = host.split(":")
    with socket.create_connection((name, int(port)), PATIENCE) as peer:
        try:
            peer.sendall(request.encoded(host))
        except (BrokenPipeError, ConnectionResetError):
            pass  # It refused before it had read all: the answer may be there.
        received = io.BytesIO()
        while piece := peer.recv(65536):
            received.write(piece)
    return parsed(received.getvalue(), request.method)


def parsed(received: bytes, method: str) -> Reply:
    class Received:
        def makefile(self, _: str) -> io.BytesIO:
            return io.BytesIO(received)

    response = http.client.HTTPResponse(Received(), method=method)
    response.begin()
    return Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())


def octets(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()
