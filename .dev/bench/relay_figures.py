"""Sluice beside LiteLLM's proxy: both relay the same simulator in OpenAI's format, each stream to one client. Sluice is
asked in its own protocol, and at its OpenAI-compatible door like LiteLLM.

LiteLLM keeps nothing of what it relays; Sluice commits each piece to PostgreSQL before it is served, and its client could
go on with it anywhere. So PostgreSQL's CPU is told apart.
"""

import json
from collections.abc import Iterator

from figures import Figure, measures
from litellm_ import LiteLLM
from site_ import Site
from stack import wait_until
from stream_figures import STREAMS_EACH

RATE = 20
SCENARIO = f"rate={RATE};tokens=400;text=clock"
MODEL = "clock-relay"
# Streams at a time. What counts is the middle; of the last LiteLLM's one worker on two cores may not bear the tokens.
COUNTS = (10, 50, 200)
FIRST = 50


@measures("litellm_first_ms", "litellm_chunk_ms_p50", "litellm_chunk_ms_p99", "litellm_cpu_us", "door_cpu", "door_chunk_ms_p50")
def relays(site: Site) -> Iterator[Figure]:
    model = site.model(MODEL, SCENARIO)
    provider = f"{MODEL};{SCENARIO}"
    proxy = LiteLLM(site, {MODEL: provider})
    sessions = site.sessions(max(COUNTS) // STREAMS_EACH + 1, "quick")
    found: dict[int, dict[str, dict]] = {}
    try:
        # Both have served something before: what is loaded or compiled late is not counted.
        warm = ("--streams", "10", "--settle", "0", "--measure", "4")
        wait_until(lambda: asked(site, MODEL, *warm, port=proxy.port)["numbers"]["tokens"], "LiteLLM's first text", 120, proxy.log)
        site.load("answers", *started(model, sessions), *warm)
        asked(site, model, *warm, port=0, tokens=sessions)
        for count in COUNTS:
            site.rest(model)
            words = ("--streams", str(count), "--ramp", "25")
            found[count] = {
                "direct": whole(asked(site, provider, *words, port=site.simulator.port)),
                "litellm": whole(asked(site, MODEL, *words, port=proxy.port, relay=proxy.process)),
                "sluice": whole(site.load("answers", *started(model, sessions), *words)),
            }
            site.rest(model)
            found[count]["door"] = whole(asked(site, model, *words, port=0, tokens=sessions))
    finally:
        proxy.close()
    yield from compared(found)


def asked(site: Site, model: str, *words: str, port: int, tokens: list[str] | None = None, **watched) -> dict:
    """Streams of an endpoint of OpenAI's format."""
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "go"}], "stream": True})
    path = ("--path", "/v1/chat/completions", "--body", body, *shared(tokens or ["bench"]), "--member", "content")
    return site.load("answers", *path, *words, port=port, **watched)


def started(model: str, sessions: list[str]) -> list[str]:
    """The words for streams on Sluice's own starts."""
    return ["--path", "/chat/start", "--body", json.dumps({"model": model, "message": "go"}), *shared(sessions), "--member", "text"]


def shared(tokens: list[str]) -> list[str]:
    """The words for streams that share these tokens."""
    return [word for token in tokens for word in ("--token", token)]


def whole(found: dict) -> dict:
    if not found["numbers"]["tokens"]:
        raise RuntimeError(f"no token came: {found['troubles']}")
    return found


def cost(found: dict, *names: str) -> float:
    """CPU of these in µs a token."""
    return sum(found["numbers"][f"cpu_{name}"] for name in names) / found["numbers"]["tokens"] * 1e6


def compared(found: dict[int, dict[str, dict]]) -> Iterator[Figure]:
    """Each as a ratio of what Sluice adds to what LiteLLM adds, with one count; both are told, and of the others."""

    def added(count: int, relay: str, sample: str, share: str) -> float:
        return found[count][relay]["samples"][sample][share] - found[count]["direct"]["samples"][sample][share]

    def told(value, unit: str) -> str:
        return "; ".join(f"{count} streams: {value(count, 'sluice'):,.1f} {unit}, LiteLLM {value(count, 'litellm'):,.1f} {unit}" for count in found)

    troubles = "; ".join(f"{relay} with {count}: {one['troubles']}" for count, all_ in found.items() for relay, one in all_.items() if one["troubles"])
    for name, sample, share in (
        ("litellm_first_ms", "first_ms", "p50"),
        ("litellm_chunk_ms_p50", "latency_ms", "p50"),
        ("litellm_chunk_ms_p99", "latency_ms", "p99"),
    ):
        ratio = added(FIRST, "sluice", sample, share) / max(added(FIRST, "litellm", sample, share), 1e-3)
        text = told(lambda count, relay: added(count, relay, sample, share), "ms")
        # A piece that is committed before it is served comes later than one that nobody keeps, as long as both keep up.
        bound = "—" if name == "litellm_chunk_ms_p50" else "≤ 1"
        yield Figure(name, ratio, "ratio", bound, f"added to the simulator's own; {text}; {troubles or 'no stream broke'}")
    cpu = {"sluice": ("sluice", "nginx"), "litellm": ("relay",)}
    text = told(lambda count, relay: cost(found[count][relay], *cpu[relay]), "µs")
    database = ", ".join(f"{cost(found[count]['sluice'], 'postgres'):.1f}" for count in found)
    # Behind what is sent a relay's latency says how long it has been so.
    rates = ", ".join(f"{one['litellm']['numbers']['tokens'] / one['litellm']['numbers']['seconds']:,.0f} of {count * RATE:,}" for count, one in found.items())
    ratio = cost(found[FIRST]["sluice"], *cpu["sluice"]) / cost(found[FIRST]["litellm"], *cpu["litellm"])
    yield Figure("litellm_cpu_us", ratio, "ratio", "≤ 1", f"CPU a token, Sluice with nginx; {text}; PostgreSQL besides {database} µs; LiteLLM relayed {rates} tokens/s")
    own = {relay: cost(found[FIRST][relay], "sluice", "nginx") for relay in ("door", "sluice")}
    text = "; ".join(f"{count} streams: {cost(one['door'], 'sluice', 'nginx'):,.0f} µs a token, events {cost(one['sluice'], 'sluice', 'nginx'):,.0f} µs" for count, one in found.items())
    yield Figure("door_cpu", own["door"] / own["sluice"], "ratio", "—", f"the OpenAI-compatible door's CPU to that of `Accept: text/event-stream`; {text}")
    ratio = added(FIRST, "door", "latency_ms", "p50") / max(added(FIRST, "sluice", "latency_ms", "p50"), 1e-3)
    text = "; ".join(
        f"{count} streams: first {added(count, 'door', 'first_ms', 'p50'):,.1f} ms, pieces {added(count, 'door', 'latency_ms', 'p50'):,.1f} and {added(count, 'door', 'latency_ms', 'p99'):,.1f} ms"
        for count in found
    )
    yield Figure("door_chunk_ms_p50", ratio, "ratio", "—", f"what the door adds to a piece, to what events add; {text}")
