"""The smallest FastCGI client: one request to a listener without nginx in between (FastCGI 1.0, section 3.3)."""

import socket
import struct

BEGIN_REQUEST, PARAMS, STDIN, STDOUT, END_REQUEST = 1, 4, 5, 6, 3


def status(address: str, path: str, timeout: float = 2) -> int:
    """The HTTP status of `GET path` at `unix:/path` or `host:port`; 0 when nobody answers."""
    try:
        head = request(address, path, timeout).split(b"\r\n\r\n", 1)[0].decode("latin-1")
    except OSError:
        return 0
    for line in head.splitlines():
        if line.lower().startswith("status:"):
            return int(line.split()[1])
    return 200 if head else 0


def request(address: str, path: str, timeout: float) -> bytes:
    """The raw CGI response: header lines, an empty line, the body."""
    with connect(address, timeout) as peer:
        peer.sendall(get(path))
        with peer.makefile("rb") as stream:
            return b"".join(outputs(stream))


def get(path: str, query: str = "", variables: dict[str, str] | None = None, keep: bool = False) -> bytes:
    """`GET path?query` as records; `variables` are further ones, `keep` asks the responder not to close afterwards."""
    parameters = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "DOCUMENT_URI": path,
        "REQUEST_URI": f"{path}?{query}" if query else path,
        "QUERY_STRING": query,
        "SERVER_PROTOCOL": "HTTP/1.1",
        **(variables or {}),
    }
    return (
        record(BEGIN_REQUEST, struct.pack(">HB5x", 1, keep))
        + record(PARAMS, b"".join(pair(*item) for item in parameters.items()))
        + record(PARAMS, b"")
        + record(STDIN, b"")
    )


def outputs(stream):
    while len(header := stream.read(8)) == 8:
        _, kind, _, length, padding = struct.unpack(">BBHHBx", header)
        content = stream.read(length)
        stream.read(padding)
        if kind == STDOUT:
            yield content
        elif kind == END_REQUEST:
            return


def connect(address: str, timeout: float) -> socket.socket:
    if address.startswith("unix:"):
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(timeout)
        peer.connect(address.removeprefix("unix:"))
        return peer
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout)


def record(kind: int, content: bytes) -> bytes:
    return struct.pack(">BBHHBx", 1, kind, 1, len(content), 0) + content


def pair(name: str, value: str) -> bytes:
    return length(name) + length(value) + name.encode() + value.encode()


def length(text: str) -> bytes:
    # One byte below 128, else four with the highest bit set.
    count = len(text.encode())
    return bytes([count]) if count < 128 else struct.pack(">I", count | 1 << 31)
