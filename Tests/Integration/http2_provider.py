"""A provider that speaks HTTP/2 in frames that a test scripts, by TLS."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import h2.config
import h2.connection
import h2.events
from h2.errors import ErrorCodes
from scripted_provider import delta, event

WHOLE = [delta("Hello "), delta("there", "stop"), event("[DONE]")]


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, which is its own authority, and its key."""
    files = folder / "server.pem", folder / "server.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-subj", "/CN=provider", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    subprocess.run([*command, *names, "-out", files[0], "-keyout", files[1]], check=True, capture_output=True)
    return files


class Link:
    """One accepted connection, numbered from 1. Only its own thread and scripts that it calls use it."""

    def __init__(self, number: int, connection: ssl.SSLSocket):
        self.number, self.connection = number, connection
        self.http = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        self.http.initiate_connection()
        # Streams whose requests are whole, in the order they came, and those the client has reset.
        self.asked: list[int] = []
        self.reset: list[int] = []
        self.flush()

    def flush(self) -> None:
        self.connection.sendall(self.http.data_to_send())

    def head(self, stream: int) -> None:
        self.http.send_headers(stream, [(":status", "200"), ("content-type", "text/event-stream")])
        self.flush()

    def send(self, stream: int, data: bytes, *, ends: bool = False) -> None:
        self.http.send_data(stream, data, end_stream=ends)
        self.flush()

    def answer(self, stream: int) -> None:
        """A whole answer."""
        self.head(stream)
        self.send(stream, b"".join(WHOLE), ends=True)

    def refuse(self, stream: int, code: ErrorCodes = ErrorCodes.REFUSED_STREAM) -> None:
        self.http.reset_stream(stream, code)
        self.flush()

    def say_goodbye(self, last: int) -> None:
        """GOAWAY: streams above `last` were not and will not be looked at."""
        # Not by the library, which would send nothing more.
        self.flush()
        payload = last.to_bytes(4) + int(ErrorCodes.NO_ERROR).to_bytes(4)
        self.connection.sendall(len(payload).to_bytes(3) + b"\x07\x00" + bytes(4) + payload)


class HTTP2Provider:
    """Calls `script(link, stream)` for each whole request."""

    def __init__(self, folder: Path, script: Callable[[Link, int], None]):
        self.script = script
        self.bundle, key = certificate(folder)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.bundle, key)
        self.context.set_alpn_protocols(["h2"])
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.url = f"https://127.0.0.1:{self.listener.getsockname()[1]}/v1"
        self.links: list[Link] = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        try:
            link = Link(len(self.links) + 1, self.context.wrap_socket(connection, server_side=True))
            self.links.append(link)
            while data := link.connection.recv(65536):
                for one in link.http.receive_data(data):
                    self.handle(link, one)
                link.flush()
        except OSError:
            pass

    def handle(self, link: Link, one: h2.events.Event) -> None:
        if isinstance(one, h2.events.DataReceived):
            link.http.acknowledge_received_data(one.flow_controlled_length, one.stream_id)
        elif isinstance(one, h2.events.StreamEnded):
            link.asked.append(one.stream_id)
            self.script(link, one.stream_id)
        elif isinstance(one, h2.events.StreamReset):
            link.reset.append(one.stream_id)
