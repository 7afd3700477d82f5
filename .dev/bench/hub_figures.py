"""Polls that wait on Sluice beside long polls that wait on nchan: memory, and how soon they are woken.

nchan is a hub: somebody else has to speak to the provider and to publish, and what it holds is gone with it. Here the load
generator publishes what the simulator would send. Sluice does that work itself, and runs behind nginx.
"""

from collections.abc import Iterator

from figures import Figure, measures, parked_turns, turns
from hub_ import Hub
from site_ import Site

WAITING = 10_000
CHANNELS = 100


@measures("nchan_parked_bytes", "nchan_wake_ms_p50", "nchan_wake_ms_p99")
def nchan(site: Site) -> Iterator[Figure]:
    site.start_node()
    file = parked_turns(site)
    words = ("--connections", str(WAITING))
    ours = site.load("parked", "--file", str(file), *words)
    site.start_node()
    hub = Hub(site)
    try:
        file = site.write("nchan.txt", [f"/subscribe/{1000 + n}" for n in range(150)])
        theirs = site.load("parked", "--file", str(file), *words, port=hub.port, hub=hub.process)
        woken = site.load("hub", "--channels", str(CHANNELS), "--rate", "20", port=hub.port, hub=hub.process)
    finally:
        hub.close()
    if theirs["numbers"]["parked"] < WAITING * 0.99 or not woken["numbers"]["messages"]:
        raise RuntimeError(f"nchan: {theirs['failures']} {woken['troubles']}")
    each = {name: ours["numbers"][f"proportional_{name}"] / ours["numbers"]["parked"] for name in ("sluice", "nginx")}
    other = theirs["numbers"]["proportional_hub"] / theirs["numbers"]["parked"]
    yield Figure(
        "nchan_parked_bytes", sum(each.values()) / other, "ratio", "—",
        f"Sluice {each['sluice']:,.0f} B and nginx before it {each['nginx']:,.0f} B, nchan {other:,.0f} B; {WAITING:,} wait, shared pages counted once",
    )
    found = {}
    for durability in ("relaxed", "commit"):
        model = site.model(f"clock-{durability}", "rate=20;tokens=400;text=clock", durability=durability)
        site.rest(model)
        found[durability] = turns(site, model, CHANNELS, session=site.session("quick"))["samples"]["latency_ms"]
    sample = woken["samples"]["latency_ms"]
    for share in ("p50", "p99"):
        told = f"relaxed {found['relaxed'][share]:.2f} ms, committed {found['commit'][share]:.2f} ms, nchan {sample[share]:.2f} ms; {CHANNELS} turns or channels × 20/s, a reader each"
        yield Figure(f"nchan_wake_ms_{share}", found["relaxed"][share] / sample[share], "ratio", "—", told)
