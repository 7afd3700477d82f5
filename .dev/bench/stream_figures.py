"""How late text comes by streams of events, beside polls of the same moments."""

from collections.abc import Iterator

from figures import Figure, cpu, measures, turns
from site_ import Site

# Streams of one identity on a node.
STREAMS_EACH = 16
TURNS = 500
# Both wait for the same commits, and what differs less is chance.
CHANCE = 1.05


@measures("events_latency_ms_p50", "events_latency_ms_p99", "events_relaxed_latency_ms_p50", "events_relaxed_latency_ms_p99")
def events_latency(site: Site) -> Iterator[Figure]:
    """Every other turn is read by a stream, the others by polls: both see the same stalls of the machine."""
    sessions = site.sessions(TURNS // STREAMS_EACH + 1, "quick")
    for durability, name in (("commit", "events_latency_ms"), ("relaxed", "events_relaxed_latency_ms")):
        model = site.model(f"clock-{durability}", "rate=20;tokens=400;text=clock", durability=durability)
        site.rest(model)
        found = turns(site, model, TURNS, "--form", "polls", "--form", "events", session=sessions)
        polls, events = found["samples"]["latency_ms"], found["samples"]["events_latency_ms"]
        numbers = found["numbers"]
        told = (
            f"max {events['max']:.1f} ms; first text p99 {found['samples']['events_first_ms']['p99']:.1f} ms; "
            f"{numbers['messages'] / numbers['seconds']:,.0f} messages/s beside {numbers['polls'] / numbers['seconds']:,.0f} polls/s; "
            f"tried again: {found['troubles'] or 'nothing'}; CPU/s {cpu(found)}"
        )
        for share in ("p50", "p99"):
            yield Figure(f"{name}_{share}", events[share], "ms", f"≤ {polls[share] * CHANCE:.2f}", f"the polls' of the same run {polls[share]:.2f} ms; {TURNS} turns, half by events; {told}")
