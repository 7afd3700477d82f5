"""Readers that ask another node than the turn's owner."""

import re
import threading
from collections.abc import Iterator

from figures import Figure, cpu, measures, turns
from site_ import Peer, Site
from stack import Failure, fastcgi, wait_until
from stream_figures import STREAMS_EACH, TURNS

# Milliseconds between two tail queries, as README has it.
TICK = 25
# Calls of the statement that follows the watched turns, and the server's time.
CALLS = """
select coalesce(sum(calls), 0), extract(epoch from clock_timestamp()) from pg_stat_statements
where query ilike '%unnest(%cross join lateral%sluice.turn_delta%'
"""


class TailWatch(threading.Thread):
    """Counts tail queries for some seconds from when a node follows so many turns."""

    SECONDS = 5

    def __init__(self, site: Site, peer: Peer, turns: int):
        super().__init__(daemon=True)
        self.site, self.peer, self.turns = site, peer, turns
        self.queries, self.ticks, self.failure = 0, 0.0, None
        self.start()

    def run(self) -> None:
        try:
            wait_until(lambda: self.watched() >= self.turns, f"{self.turns} turns to be followed", 60)
            calls, began = self.read()
            threading.Event().wait(self.SECONDS)
            last, ended = self.read()
            self.queries, self.ticks = int(last - calls), (ended - began) * 1000 / TICK
        except (Failure, OSError) as failure:
            self.failure = failure

    def watched(self) -> int:
        """How many turns the node follows."""
        page = fastcgi.request(self.peer.node.operator, "/metrics", 5).decode()
        return int(float(re.search(r"^sluice_turns_mirrored (\S+)", page, re.M)[1]))

    def read(self) -> tuple[float, float]:
        calls, time = self.site.postgres.sql("sluice", CALLS).split("|")
        return float(calls), float(time)

    def finish(self) -> float:
        """Tail queries a tick."""
        self.join()
        if self.failure or not self.queries:
            raise self.failure or Failure("no tail query was counted")
        return self.queries / self.ticks


@measures("nonowner_latency_ms_p50", "nonowner_latency_ms_p99", "nonowner_events_latency_ms_p99", "tail_queries_per_tick")
def nonowner(site: Site) -> Iterator[Figure]:
    """Turns are started on one node and all read on another, which follows them by committed rows."""
    site.count_statements()
    other = site.add_node(2)
    try:
        sessions = site.sessions(TURNS // STREAMS_EACH + 1, "quick")
        model = site.model("clock-nodes", "rate=20;tokens=400;text=clock")
        forms = ("--form", "polls", "--form", "events")
        owner = turns(site, model, TURNS, *forms, session=sessions)
        words = ("--read-port", str(other.nginx.port), "--watch", f"other={other.node.process.pid}", "--watch", f"nginx2={other.nginx.process.pid}")
        site.rest(model)
        watch = TailWatch(site, other, TURNS)
        found = turns(site, model, TURNS, *forms, *words, session=sessions)
        rate = watch.finish()
        site.rest(model)
        few = turns(site, model, 100, *forms, *words, session=sessions)["samples"]
    finally:
        other.close()
        site.count_statements(False)
    polls, events = found["samples"]["latency_ms"], found["samples"]["events_latency_ms"]
    own = owner["samples"]["latency_ms"]
    told = f"the owner's readers in the same run {own['p50']:.1f} and {own['p99']:.1f} ms; with 100 turns {few['latency_ms']['p50']:.1f} and {few['latency_ms']['p99']:.1f} ms; {TURNS} turns, every other by events; tried again: {found['troubles'] or 'nothing'}; CPU/s {cpu(found)}"
    yield Figure("nonowner_latency_ms_p50", polls["p50"], "ms", "≤ 30", told)
    yield Figure("nonowner_latency_ms_p99", polls["p99"], "ms", "≤ 60", told)
    yield Figure("nonowner_events_latency_ms_p99", events["p99"], "ms", "≤ 60", f"p50 {events['p50']:.1f} ms; polls {polls['p99']:.1f} ms")
    told = f"{watch.queries} in {watch.ticks:.0f} ticks of {TICK} ms (pg_stat_statements), {TURNS} turns watched"
    yield Figure("tail_queries_per_tick", round(rate, 2), "queries", "≤ 1", told)
