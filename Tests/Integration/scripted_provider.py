"""Providers and databases that misbehave in ways the simulator and PostgreSQL cannot be asked for."""

import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path

STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


def event(content: object) -> bytes:
    return f"data: {content if isinstance(content, str) else json.dumps(content)}\n\n".encode()


def delta(text: str, finish: str | None = None) -> bytes:
    return event({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]})


class ScriptedProvider:
    """A server that answers each request by one function: `answer(connection, body)`. Connections stay open.

    `heads`: the requests' own, oldest first.
    """

    def __init__(self, answer: Callable[[socket.socket, bytes], None]):
        self.answer = answer
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/v1"
        self.connections: list[socket.socket] = []
        self.heads: list[bytes] = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            connection, _ = self.listener.accept()
            self.connections.append(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next(int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length"))
        while len(body) < length:
            body += connection.recv(65536)
        self.heads.append(head + b"\r\n")
        try:
            self.answer(connection, body)
        except OSError:
            pass


class LossyDatabase:
    """A unix socket in front of PostgreSQL. Once `armed`, chat starts reach it and their answers get lost."""

    def __init__(self, folder: Path, server: Path):
        self.server, self.armed, self.lost = str(server / ".s.PGSQL.5432"), False, 0
        self.folder = folder
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
            silent = threading.Event()
            threading.Thread(target=self.forward, args=(client, server, silent), daemon=True).start()
            threading.Thread(target=self.answer, args=(client, server, silent), daemon=True).start()

    def forward(self, client: socket.socket, server: socket.socket, silent: threading.Event) -> None:
        try:
            while data := client.recv(65536):
                lose = self.armed and b"startTake" in data
                if lose:
                    silent.set()
                server.sendall(data)
                if lose:
                    self.lost += 1
                    # The server has it, and commits; the client learns nothing.
                    server.shutdown(socket.SHUT_WR)
                    while server.recv(65536):
                        pass
                    break
        except OSError:
            pass
        self.close(client, server)

    def answer(self, client: socket.socket, server: socket.socket, silent: threading.Event) -> None:
        try:
            while not silent.is_set() and (data := server.recv(65536)):
                if silent.is_set():
                    return
                client.sendall(data)
        except OSError:
            pass
        if not silent.is_set():
            self.close(client, server)

    @staticmethod
    def close(*sockets: socket.socket) -> None:
        for one in sockets:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
