"""Readers who go before their answer is there, or in the middle of it."""

import socket
import struct
from urllib.parse import urlencode, urlsplit

from chat_client import Turn
from stack import fastcgi

# Small, so that a reply gets stuck on its way through nginx.
WINDOW = 4096
# One reply of 64 KB fits into the buffer of a unix socket; of so many on one connection, one gets stuck.
REPLIES = 8
RESET = struct.pack("ii", 1, 0)


class Vanishing:
    """A poll on a connection of its own, sent when it is made. `reset` takes its leave by RST instead of FIN."""

    def __init__(self, peer: socket.socket, request: bytes):
        self.peer = peer
        peer.settimeout(30)
        peer.sendall(request)

    @classmethod
    def behind_nginx(cls, turn: Turn, **query) -> "Vanishing":
        target = urlsplit(turn.client.url)
        head = f"GET {path(turn)}?{urlencode(query)} HTTP/1.1\r\nHost: {target.netloc}\r\n"
        head += f"Authorization: Bearer {turn.token}\r\n\r\n"
        peer = socket.socket()
        # Before the connection is made: afterwards the window would be the larger one.
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
        peer.connect((target.hostname, target.port))
        return cls(peer, head.encode())

    @classmethod
    def at_the_door(cls, address: str, turn: Turn, **query) -> "Vanishing":
        """In nginx's place, where the node takes FastCGI. One that need not wait asks again and again."""
        variables = {"HTTP_AUTHORIZATION": f"Bearer {turn.token}"}
        request = fastcgi.get(path(turn), urlencode(query), variables, keep=True)
        return cls(fastcgi.connect(address, 30), request * (1 if query.get("wait") else REPLIES))

    def begin(self) -> None:
        """Waits for the first bytes of the answer."""
        assert self.peer.recv(64), "closed without an answer"

    def leave(self, reset: bool) -> None:
        if reset:
            self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.peer.close()


def path(turn: Turn) -> str:
    return f"/chat/{turn.id}/poll"
