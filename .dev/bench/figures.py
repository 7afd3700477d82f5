"""The figures: how each is measured, and what it must be."""

import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from site_ import DRIVERS, Site, Turn

# Bytes of new text in a hot poll's reply.
TURN_TEXT = 200
# Of the simulator's `text=fixed`.
TOKEN_BYTES = 8


@dataclass
class Figure:
    """One line of the table. `reference` says in the same run's terms what the value is held against; a `bound` of "—"
    is none: the figure but tells."""

    name: str
    value: float
    unit: str
    bound: str
    reference: str

    @property
    def holds(self) -> bool:
        if self.bound == "—":
            return True
        sign, limit = self.bound.split()
        return {"≥": self.value >= float(limit), "≤": self.value <= float(limit), "=": self.value == float(limit)}[sign]


MEASURES: list[tuple[tuple[str, ...], Callable[[Site], Iterator[Figure]]]] = []


def measures(*names: str):
    """Registers a function that yields the figures `names`."""

    def register(function):
        MEASURES.append((names, function))
        return function

    return register


def cpu(found: dict) -> str:
    """Where the CPU went, per second of measurement."""
    numbers = found["numbers"]
    shares = {name.removeprefix("cpu_"): value / numbers["seconds"] for name, value in numbers.items() if name.startswith("cpu_")}
    return ", ".join(f"{name} {share:.2f}" for name, share in shares.items())


def text_bytes(reply: dict) -> int:
    return sum(len(event["text"]) for event in reply["events"])


def rate(found: dict) -> float:
    if found["failures"]:
        raise RuntimeError(f"requests failed: {found['failures']}")
    return found["numbers"]["answers"] / found["numbers"]["seconds"]


@measures("poll_vs_nginx", "poll_vs_php_fpm", "poll_vs_c_libfcgi", "poll_cpu_us")
def hot_polls(site: Site) -> Iterator[Figure]:
    model = site.model("hot", "rate=0;tokens=400;text=fixed;fault=stall;after=25")
    session = site.session("quick")
    turns = [site.begin(model, session) for _ in range(96)]
    for turn in turns:
        while text_bytes(site.poll(turn)) < TURN_TEXT:
            time.sleep(0.05)
    # Eight readers a turn: a reader alone may not ask that often.
    lines = [f"{turn.path(reader=n)} {turn.token}" for turn in turns for n in range(8)]
    file = site.write("hot.txt", lines)
    size = 400
    site.start_c(size)
    site.start_php(size)
    references = {name: site.write(f"{name}.txt", [f"/reference/{name}?turn=t"]) for name in ("nginx", "c", "php")}
    rates: dict[str, list[float]] = {name: [] for name in ("sluice", *references)}
    cpus, last = [], {}
    for _ in range(3):
        found = site.load("requests", "--file", str(file), "--group", "8", "--measure", "3")
        rates["sluice"].append(rate(found))
        cpus.append(found["numbers"]["cpu_sluice"] / found["numbers"]["answers"] * 1e6)
        last = found
        for name, reference in references.items():
            rates[name].append(rate(site.load("requests", "--file", str(reference), "--measure", "2")))
    median = {name: statistics.median(values) for name, values in rates.items()}
    told = f"{median['sluice']:,.0f} polls/s of {last['numbers']['body_bytes']:.0f} B; CPU/s {cpu(last)}"
    yield Figure("poll_vs_nginx", median["sluice"] / median["nginx"], "ratio", "≥ 0.40", f"nginx return 200: {median['nginx']:,.0f}/s; {told}")
    yield Figure("poll_vs_php_fpm", median["sluice"] / median["php"], "ratio", "≥ 3", f"PHP-FPM, 4 children, APCu: {median['php']:,.0f}/s")
    yield Figure("poll_vs_c_libfcgi", median["sluice"] / median["c"], "ratio", "≥ 2", f"C on libfcgi, 4 threads: {median['c']:,.0f}/s")
    yield Figure("poll_cpu_us", statistics.median(cpus), "µs", "≤ 8", f"at {median['sluice']:,.0f} polls/s through nginx")


def parked_turns(site: Site) -> Path:
    """A file of polls that wait: of turns that have said all they will."""
    model = site.model("parked", "rate=0;tokens=40;text=fixed;fault=stall;after=5")
    session = site.session()
    lines = []
    # A reader may send ten polls at once, and a turn tells eight readers apart.
    for _ in range(150):
        turn = site.begin(model, session)
        read_all(site, turn, 5 * TOKEN_BYTES)
        lines += [f"{turn.path(reader=n, wait=20000)} {turn.token}" for n in range(8)]
    return site.write("parked.txt", lines)


def read_all(site: Site, turn: Turn, size: int) -> None:
    """Moves the turn's cursor behind its first `size` bytes of text."""
    read = 0
    while read < size:
        reply = site.poll(turn, wait=1000)
        turn.cursor = reply["cursor"]
        read += text_bytes(reply)


@measures("parked_poll_bytes")
def parked(site: Site) -> Iterator[Figure]:
    site.start_node()
    file = parked_turns(site)
    found = site.load("parked", "--file", str(file), "--connections", "10000")
    numbers = found["numbers"]
    if numbers["parked"] < 9_900:
        raise RuntimeError(f"only {numbers['parked']:.0f} of 10,000 polls were parked: {found['failures'] or found['troubles']}")
    yield Figure(
        "parked_poll_bytes",
        numbers["grown_sluice"] / numbers["parked"],
        "B",
        "≤ 512",
        f"{numbers['parked']:,.0f} parked; nginx {numbers['grown_nginx'] / numbers['parked']:,.0f} B each",
    )


def turns(site: Site, model: str, count: int, *words: str, session: str | list[str] | None = None) -> dict:
    """A load of turns, none of which may fail; several sessions share them."""
    sessions = session if isinstance(session, list) else [session or site.session()]
    tokens = [word for token in sessions for word in ("--token", token)]
    found = site.load("turns", *tokens, "--model", model, "--turns", str(count), *words)
    if found["failures"]:
        raise RuntimeError(f"turns failed: {found['failures']}")
    return found


def latency(site: Site, durability: str) -> tuple[dict, dict]:
    """With 500 turns; and with 100, which leave the machine idle half of the time."""
    model = site.model(f"clock-{durability}", "rate=20;tokens=400;text=clock", durability=durability)
    return tuple(turns(site, model, count, session=site.session("quick")) for count in (500, 100))


@measures("relaxed_latency_ms_p50", "relaxed_latency_ms_p99")
def relaxed_latency(site: Site) -> Iterator[Figure]:
    found, few = latency(site, "relaxed")
    yield from latency_figures("relaxed", found, few, ("≤ 1", "≤ 5"))


@measures("commit_latency_ms_p50", "commit_latency_ms_p99", "first_text_ms_p99")
def commit_latency(site: Site) -> Iterator[Figure]:
    found, few = latency(site, "commit")
    yield from latency_figures("commit", found, few, ("≤ 5", "≤ 20"))
    first, fewer = found["samples"]["first_ms"], few["samples"]["first_ms"]
    yield Figure("first_text_ms_p99", first["p99"], "ms", "≤ 25", f"p50 {first['p50']:.2f} ms; with 100 turns p99 {fewer['p99']:.2f} ms")


def latency_figures(name: str, found: dict, few: dict, bounds: tuple[str, str]) -> Iterator[Figure]:
    sample = found["samples"]["latency_ms"]
    for bound, share in zip(bounds, ("p50", "p99"), strict=True):
        told = f"with 100 turns {few['samples']['latency_ms'][share]:.2f} ms; max {sample['max']:.1f} ms; CPU/s {cpu(found)}"
        yield Figure(f"{name}_latency_ms_{share}", sample[share], "ms", bound, told)


@measures("token_cpu_us", "token_cpu_growth")
def token_cpu(site: Site) -> Iterator[Figure]:
    costs = {}
    for count in (100, 1000, 4000):
        tokens = 20 * (count // 250 + 14)
        model = site.model(f"tokens-{count}", f"rate=20;tokens={tokens};text=clock")
        found = turns(site, model, count)
        numbers = found["numbers"]
        costs[count] = (numbers["cpu_sluice"] / numbers["tokens"] * 1e6, found)
        site.start_node()
    value, found = costs[1000]
    numbers = found["numbers"]
    told = f"{numbers['tokens'] / numbers['seconds']:,.0f} tokens/s, {numbers['polls'] / numbers['seconds']:,.0f} polls/s; CPU/s {cpu(found)}"
    yield Figure("token_cpu_us", value, "µs", "≤ 15", told)
    yield Figure(
        "token_cpu_growth",
        costs[4000][0] / costs[100][0],
        "ratio",
        "≤ 1.3",
        "; ".join(f"{count} turns {value:.1f} µs at {found['numbers']['tokens'] / found['numbers']['seconds']:,.0f}/s" for count, (value, found) in costs.items()),
    )


@measures(*(f"driver_{what}_{driver}" for driver in DRIVERS for what in ("cpu", "allocations")))
def drivers(site: Site) -> Iterator[Figure]:
    """The same load through each driver; what a token costs against OpenAI's."""
    found = {}
    for driver in DRIVERS:
        allocations = site.count_allocations()
        seconds, tokens = 10, 20 * 16
        model = site.model(f"driver-{driver}", f"rate=20;tokens={tokens};text=fixed", driver)
        expected = site.folder.path / f"driver-{driver}.txt"
        expected.write_text(json.dumps(site.simulator.text(f"driver-{driver};rate=20;tokens={tokens};text=fixed"), ensure_ascii=False)[1:-1])
        before = allocations.count
        numbers = turns(site, model, 500, "--expected", str(expected), "--measure", str(seconds))["numbers"]
        # All of the run allocates, starts and polls too: alike for every driver.
        relayed = numbers["text_bytes"] / TOKEN_BYTES
        whole = 500 * 20 * (seconds + 2) + 500
        found[driver] = (numbers["cpu_sluice"] / relayed * 1e6, (allocations.count - before) / whole)
    site.start_node()
    cpu_, allocated = found["openai"]
    for driver, (value, count) in found.items():
        yield Figure(f"driver_cpu_{driver}", value / cpu_, "ratio", "≤ 1.5", f"{value:.1f} µs a token, openai {cpu_:.1f}; 500 turns")
        yield Figure(f"driver_allocations_{driver}", count / allocated, "ratio", "≤ 2", f"{count:.1f} allocations a token, openai {allocated:.1f}; starts and polls included")


@measures("turn_bytes")
def turn_bytes(site: Site) -> Iterator[Figure]:
    site.start_node()
    # Warm: what the first turns bring stays.
    model = site.model("few", "rate=0;tokens=5")
    session = site.session()
    for _ in range(20):
        site.begin(model, session)
    time.sleep(7)
    before = site.resident()
    model = site.model("slow", "rate=1;tokens=60;text=clock")
    found = turns(site, model, 2000, "--ramp", "400", "--measure", "2", session=session)
    numbers = found["numbers"]
    yield Figure(
        "turn_bytes",
        (numbers["resident_sluice"] - before) / numbers["live"],
        "B",
        "≤ 24576",
        f"{numbers['live']:.0f} live turns, a reader each, hardly any text; idle {before / 2**20:.1f} MiB",
    )


@measures("soak_failures")
def soak(site: Site) -> Iterator[Figure]:
    model = site.model("soak", "rate=20;tokens=1200;text=prose;seed=7")
    text = site.simulator.text("soak;rate=20;tokens=1200;text=prose;seed=7")
    expected = site.folder.path / "soak.txt"
    # As replies hold it.
    expected.write_text(json.dumps(text, ensure_ascii=False)[1:-1])
    found = site.load(
        "turns", "--token", site.session(), "--model", model, "--turns", "2000", "--measure", "50",
        "--expected", str(expected), "--until-end",
    )
    numbers = found["numbers"]
    yield Figure(
        "soak_failures",
        numbers["failures"],
        "turns",
        "= 0",
        f"{numbers['ended']:.0f} turns of {len(text)} B; {numbers['tokens'] / numbers['seconds']:,.0f} tokens/s; {found['failures'] or 'no failure'}; tried again: {found['troubles'] or 'nothing'}; CPU/s {cpu(found)}",
    )


def read_up_to(site: Site, turn: Turn, size: int) -> None:
    """Moves the turn's cursor to where `TURN_TEXT` bytes or hardly more are left to read of `size`."""
    read = 0
    while read < size:
        reply = site.poll(turn, wait=1000)
        turn.cursor, read = reply["cursor"], read + text_bytes(reply)
        time.sleep(0.01)  # a reader may ask 200 times a second
    epoch, offset = turn.cursor.split(".")
    while text_bytes(site.poll(turn)) < TURN_TEXT:
        time.sleep(0.01)
        offset = int(offset) - 1
        turn.cursor = f"{epoch}.{offset}"


@measures("poll_bytes_growth")
def poll_bytes(site: Site) -> Iterator[Figure]:
    allocations = site.count_allocations()
    session = site.session("quick")
    costs = {}
    for kilobytes in (1, 64):
        # Slow enough for many small chunks.
        model = site.model(f"log-{kilobytes}", f"rate=2000;tokens=100000;text=fixed;fault=stall;after={kilobytes * 128}")
        lines = []
        for _ in range(8):
            turn = site.begin(model, session)
            read_up_to(site, turn, kilobytes << 10)
            # Eight readers of each: a reader alone may not ask that often.
            lines += [f"{turn.path(reader=n)} {turn.token}" for n in range(8)]
        file = site.write(f"log-{kilobytes}.txt", lines)
        before = allocations.bytes
        words = ("--file", str(file), "--group", str(len(lines)), "--connections", "1", "--settle", "0", "--measure", "3")
        found = site.load("requests", *words)
        rate(found)
        costs[kilobytes] = ((allocations.bytes - before) / found["numbers"]["answers"], found["numbers"]["body_bytes"])
    site.start_node()
    yield Figure(
        "poll_bytes_growth",
        costs[64][0] / costs[1][0],
        "ratio",
        "≤ 1.1",
        "; ".join(f"{size} KB: {value:,.0f} B for a body of {body:,.0f} B" for size, (value, body) in costs.items()),
    )


@measures("starts_per_s")
def starts(site: Site) -> Iterator[Figure]:
    model = site.model("starts", "rate=0;tokens=2")
    found = site.load("starts", "--token", site.session(), "--model", model)
    yield Figure("starts_per_s", rate(found), "1/s", "≥ 500", f"32 connections; CPU/s {cpu(found)}")


@measures("idle_rss_mib")
def idle(site: Site) -> Iterator[Figure]:
    site.start_node()
    time.sleep(5)
    yield Figure("idle_rss_mib", site.resident() / 2**20, "MiB", "≤ 24", "5 s after the start")
