"""What a process has: its descriptors and its memory, by the kernel's books."""

import os
from collections import Counter
from pathlib import Path

from deployment import Deployment
from stack import Node

PAGE = os.sysconf("SC_PAGE_SIZE")


def descriptors(node: Node, deployment: Deployment) -> Counter:
    """Its open descriptors by kind. Connections to the provider, kept for the next turn, are "provider"."""
    home = Path(f"/proc/{node.process.pid}")
    providers = connections_to(home, deployment.simulator.port)
    kinds: Counter = Counter()
    for descriptor in (home / "fd").iterdir():
        try:
            target = os.readlink(descriptor)
        except FileNotFoundError:
            continue
        kinds["provider" if target in providers else target.split("[")[0]] += 1
    return kinds


def without_providers(kinds: Counter) -> dict[str, int]:
    return {kind: count for kind, count in kinds.items() if kind != "provider"}


def connections_to(home: Path, port: int) -> set[str]:
    """The sockets of the node's network whose peer is this port, as /proc/PID/fd names them (proc(5))."""
    lines = [line.split() for line in (home / "net/tcp").read_text().splitlines()[1:]]
    return {f"socket:[{words[9]}]" for words in lines if int(words[2].split(":")[1], 16) == port}


def resident(node: Node) -> int:
    """Resident memory in bytes."""
    return int(Path(f"/proc/{node.process.pid}/statm").read_text().split()[1]) * PAGE
