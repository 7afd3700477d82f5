"""More readers than a node can serve at their pace: what they get then."""

from collections.abc import Iterator

from figures import TURN_TEXT, Figure, cpu, measures, text_bytes
from site_ import Site, Turn
from stack import wait_until

# Of the surface `paced`, in milliseconds: short, so that few readers are enough.
PACE = 50
READERS_A_TURN = 8
# No more descriptors than nginx and the load generator have.
MOST_READERS = 7_600
STEPS = (0.5, 1, 2, 3)


@measures("overload_throughput", "overload_latency_ms_p99", "overload_errors")
def overload(site: Site) -> Iterator[Figure]:
    """Capacity is what connections get that ask again at once; readers at their pace are then a multiple of it."""
    site.start_node()
    # So many that hardly one asks faster than it may.
    quick = site.write("capacity.txt", lines(site, "quick", 256))
    hot = site.load("requests", "--file", str(quick), "--group", "32", "--measure", "4")
    if others := {name: count for name, count in hot["failures"].items() if not name.startswith("status 429")}:
        raise RuntimeError(f"requests failed: {others}")
    capacity = hot["numbers"]["answers"] / hot["numbers"]["seconds"]
    wanted = min(MOST_READERS, int(STEPS[-1] * capacity * PACE / 1000))
    paced = site.write("paced.txt", lines(site, "paced", -(-wanted // READERS_A_TURN)))
    found = {}
    for step in STEPS:
        readers = max(1, int(wanted * step / STEPS[-1]))
        found[step] = site.load("paced", "--file", str(paced), "--readers", str(readers))
        found[step]["readers"] = readers
    site.start_node()

    def throughput(step: float) -> float:
        return found[step]["numbers"]["answers"] / found[step]["numbers"]["seconds"]

    def sample(step: float, name: str, share: str) -> float:
        return found[step]["samples"][name][share]

    told = "; ".join(
        f"{step:g}×: {found[step]['readers']:,} readers {throughput(step):,.0f}/s, p99 {sample(step, 'latency_ms', 'p99'):.0f} ms, told to wait {sample(step, 'pace_ms', 'p50'):.0f} ms"
        for step in STEPS
    )
    last = STEPS[-1]
    cut = "" if wanted < MOST_READERS else f"; {last:g}× is {MOST_READERS:,} readers, {MOST_READERS * 1000 / PACE / capacity:.1f} of it"
    yield Figure("overload_throughput", throughput(last) / throughput(1), "ratio", "≥ 0.7", f"at {last:g}× of {capacity:,.0f} polls/s ÷ at 1×; {told}{cut}; CPU/s at {last:g}× {cpu(found[last])}")
    yield Figure("overload_latency_ms_p99", sample(last, "latency_ms", "p99"), "ms", "≤ 1000", f"at {last:g}×; at 0.5× {sample(0.5, 'latency_ms', 'p99'):.1f} ms")
    failures = {name: count for one in found.values() for name, count in one["failures"].items()}
    slowed = sum(one["troubles"].get("status 429", 0) for one in found.values())
    yield Figure("overload_errors", sum(failures.values()), "answers", "= 0", f"{failures or 'none'}; {slowed} were told 429")


def lines(site: Site, surface: str, count: int) -> list[str]:
    """Short polls of so many turns, which have said all they will: some text is behind each cursor."""
    model = site.model("hot", "rate=0;tokens=400;text=fixed;fault=stall;after=25")
    session = site.session(surface)
    begun = [site.begin(model, session) for _ in range(count)]
    for turn in begun:
        wait_until(lambda turn=turn: is_there(site, turn), "the turns' text")
    return [f"{turn.path(reader=n)} {turn.token}" for turn in begun for n in range(READERS_A_TURN)]


def is_there(site: Site, turn: Turn) -> bool:
    return text_bytes(site.poll(turn)) >= TURN_TEXT
