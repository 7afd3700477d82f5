"""Readers who go before their answer is there, or in the middle of it."""

import socket
import struct
from urllib.parse import urlencode, urlsplit

from chat_client import Turn
from stack import fastcgi

# Small, so that a reply of 64 KB is stuck on its way.
WINDOW = 4096
RESET = struct.pack("ii", 1, 0)


class Vanishing:
    """One poll on a connection of its own, sent when it is made. `reset` takes its leave by RST instead of FIN."""

    def __init__(self, peer: socket.socket, request: bytes):
        self.peer = peer
        peer.settimeout(30)
        peer.sendall(request)

    @classmethod
    def behind_nginx(cls, turn: Turn, **query) -> "Vanishing":
        target = urlsplit(turn.client.url)
        head = f"GET {path(turn)}?{urlencode(query)} HTTP/1.1\r\nHost: {target.netloc}\r\n"
        head += f"Authorization: Bearer {turn.token}\r\n\r\n"
        return cls(connect(target.hostname, target.port), head.encode())

    @classmethod
    def at_the_door(cls, address: str, turn: Turn, **query) -> "Vanishing":
        """In nginx's place, at a `host:port` where the node takes FastCGI."""
        host, port = address.rsplit(":", 1)
        variables = {"HTTP_AUTHORIZATION": f"Bearer {turn.token}"}
        return cls(connect(host, int(port)), fastcgi.get(path(turn), urlencode(query), variables))

    def begin(self) -> None:
        """Waits for the first bytes of the answer."""
        assert self.peer.recv(64), "closed without an answer"

    def leave(self, reset: bool) -> None:
        if reset:
            self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.peer.close()


def path(turn: Turn) -> str:
    return f"/chat/{turn.id}/poll"


def connect(host: str, port: int) -> socket.socket:
    peer = socket.socket()
    # Before the connection is made: afterwards the window would be the larger one.
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
    peer.connect((host, port))
    return peer
