"""A PostgreSQL whose round trips are counted."""

import socket
import struct
import threading
from pathlib import Path


class WatchedDatabase:
    """A unix socket in front of PostgreSQL. `trips`: what went to it up to each Sync (protocol 3, "Message Formats"),
    the names of the prepared statements in their order, of all connections."""

    def __init__(self, folder: Path, server: Path):
        self.server, self.folder = str(server / ".s.PGSQL.5432"), folder
        self.trips: list[list[str]] = []
        folder.mkdir()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(folder / ".s.PGSQL.5432"))
        self.listener.listen(50)
        folder.chmod(0o777)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            client, _ = self.listener.accept()
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.server)
            threading.Thread(target=self.forward, args=(client, server, Watcher(self.trips)), daemon=True).start()
            threading.Thread(target=self.forward, args=(server, client, None), daemon=True).start()

    @staticmethod
    def forward(source: socket.socket, target: socket.socket, watcher: "Watcher | None") -> None:
        try:
            while data := source.recv(65536):
                # Before it goes on: who has the answer finds it counted.
                if watcher:
                    watcher.read(data)
                target.sendall(data)
        except OSError:
            pass
        for one in (source, target):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Watcher:
    """What one client says, put together from pieces."""

    def __init__(self, trips: list[list[str]]):
        self.trips, self.trip, self.rest, self.is_begun = trips, [], b"", False

    def read(self, data: bytes) -> None:
        self.rest += data
        while True:
            # The first message has no kind.
            head = 1 if self.is_begun else 0
            if len(self.rest) < head + 4:
                return
            [length] = struct.unpack(">I", self.rest[head : head + 4])
            if len(self.rest) < head + length:
                return
            kind, body = self.rest[:head], self.rest[head + 4 : head + length]
            self.rest, self.is_begun = self.rest[head + length :], True
            if kind == b"B":
                self.trip.append(body.split(b"\0")[1].decode())
            elif kind == b"Q":
                self.trip.append(body.decode().rstrip("\0"))
            elif kind == b"S":
                self.trips.append(self.trip)
                self.trip = []
