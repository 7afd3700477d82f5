"""Very many streams and waiting polls on one node at once, some of whose readers take nothing.

They come straight to the node's FastCGI socket: through nginx each would need two descriptors more, of which a process has
no more than 20,000 on many machines.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

from figures import TOKEN_BYTES, Figure, measures, read_all, turns
from site_ import Site
from stack import Failure
from stream_figures import STREAMS_EACH

STREAMS, PARKED, DEAF = 5_000, 10_000, 50
# A turn tells so many readers apart.
READERS = 8


@measures("readers_memory_stream_bytes", "readers_memory_poll_bytes", "readers_memory_deaf_bytes", "readers_memory_threads", "readers_memory_latency_p99")
def crowd(site: Site) -> Iterator[Figure]:
    site.start_node(max_connections="18000")
    try:
        yield from crowded(site)
    finally:
        site.start_node()


def crowded(site: Site) -> Iterator[Figure]:
    deaf = unread(site)
    # Once before: what the first turns bring stays.
    control(site)
    alone, threads = control(site), thread_count(site)
    streams, polls = waiting(site)
    files = [word for name, lines in (("streams", streams), ("deaf", deaf), ("polls", polls)) for word in (f"--{name}", str(site.write(f"{name}.txt", lines)))]
    command = site.command("crowd", "--socket", site.node.addresses[0].removeprefix("unix:"), *files, "--parked", str(PARKED))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            found = json.loads(process.stdout.readline() or "{}")
            among, more = control(site), thread_count(site)
            process.stdin.close()
            last = json.loads(process.stdout.readline() or "{}")
        finally:
            process.kill()
    if not found or not last:
        raise Failure("sluice-bench crowd failed")
    troubles = last["troubles"]
    begun = troubles.pop("streams: begun, status 200", 0)
    over = troubles.pop("polls: over, status 200", 0)
    if begun < STREAMS:
        raise RuntimeError(f"only {begun} of {STREAMS} streams have begun: {troubles}")
    numbers = found["numbers"]
    told = f"{STREAMS:,} streams, {PARKED:,} parked polls and {DEAF} streams that nobody reads, at the node's own socket; {over:,} polls came round; else: {troubles or 'nothing'}"

    def grown(kind: str) -> float:
        return numbers[f"grown_{kind}_sluice"] / numbers[kind]

    yield Figure("readers_memory_stream_bytes", grown("streams"), "B", "≤ 2048", f"resident, {told}")
    yield Figure("readers_memory_poll_bytes", grown("polls"), "B", "≤ 512", "resident, beside those streams; a connection each")
    yield Figure("readers_memory_deaf_bytes", grown("deaf"), "B", "≤ 524288", "resident, the log of what streams meanwhile included; the kernel holds up to a socket's buffer besides")
    yield Figure("readers_memory_threads", more - threads, "threads", "= 0", f"{threads} before")
    before, during = (found_["samples"]["latency_ms"] for found_ in (alone, among))
    yield Figure(
        "readers_memory_latency_p99", during["p99"] / before["p99"], "ratio", "≤ 1.5",
        f"20 turns through nginx: p50 {before['p50']:.2f} ms alone, {during['p50']:.2f} ms in the crowd; p99 {before['p99']:.2f} and {during['p99']:.2f} ms",
    )


def control(site: Site) -> dict:
    """Readers of their own, who are not to notice the crowd."""
    model = site.model("clock-commit", "rate=20;tokens=400;text=clock")
    site.rest(model)
    return turns(site, model, 20, "--measure", "6", session=site.session("quick"))


def thread_count(site: Site) -> int:
    status = Path(f"/proc/{site.node.process.pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("Threads:")))


def waiting(site: Site) -> tuple[list[str], list[str]]:
    """Streams, and polls to be gone round in, of turns that have said all they will: one a session."""
    model = site.model("parked", "rate=0;tokens=40;text=fixed;fault=stall;after=5")
    streams, polls = [], []
    for session in site.sessions(-(-STREAMS // STREAMS_EACH)):
        turn = site.begin(model, session)
        read_all(site, turn, 5 * TOKEN_BYTES)
        streams += [f"{turn.path('events', reader=n % READERS)} {turn.token}" for n in range(STREAMS_EACH)]
        # Not all come round at the same time.
        polls += [f"{turn.path(reader=n, wait=12000 + 1000 * n)} {turn.token}" for n in range(READERS)]
    return streams[:STREAMS], polls


def unread(site: Site) -> list[str]:
    """Streams of turns that go on all the while. When their readers come, more has been said than a socket takes."""
    model = site.model("much", "rate=1000;batch=100;tokens=120000;text=fixed")
    lines = []
    for session in site.sessions(-(-DEAF // STREAMS_EACH)):
        turn = site.begin(model, session)
        lines += [f"{turn.path('events', reader=n % READERS)} {turn.token}" for n in range(STREAMS_EACH)]
    return lines[:DEAF]
