"""Free TCP ports."""

import os
import random
import socket

# Test processes that run side by side, at most; each takes from ports of its own.
WORKERS = 16
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS

# Who asks twice before it listens must not get the same port twice.
given: set[int] = set()


def free_port() -> int:
    """A port of 127.0.0.1 nobody listens on, from below the range that outgoing connections take theirs from."""
    while True:
        port = random.randrange(20_000 + WORKER, 32_000, WORKERS)
        if port in given:
            # After so many nobody waits for the first ones any more.
            if len(given) > 500:
                given.clear()
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        given.add(port)
        return port
