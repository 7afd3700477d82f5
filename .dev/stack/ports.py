"""Free TCP ports."""

import random
import socket


def free_port() -> int:
    """A port of 127.0.0.1 nobody listens on, from below the range that outgoing connections take theirs from."""
    while True:
        port = random.randint(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
