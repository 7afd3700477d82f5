"""What a node's /metrics says, parsed and compared."""

import re

import pytest
from prometheus_client.parser import text_string_to_metric_families
from stack import Node, fastcgi, wait_until

# They tell what goes on just now: all 0 when nothing does. Connections are not among them: nginx keeps some.
ACTIVITY = [
    "sluice_turns_live",
    "sluice_turns_mirrored",
    "sluice_turn_oldest_age_seconds",
    "sluice_parked_requests",
    "sluice_flush_dirty_turns",
    "sluice_flush_turns",
    "sluice_ending_turns",
    "sluice_upstream_running",
    "sluice_upstream_queued",
    "sluice_upstream_connecting",
    "sluice_database_waiting",
    "sluice_database_in_flight",
]
# They move by themselves, by nginx's doing, or by the clock.
RESTLESS = re.compile(
    r"process_|sluice_(loop|load|lease|database|connection|received|sent|turn_oldest|revocations_age)|.*_(bucket|sum)\b"
)


class Scrape:
    """One look at /metrics: `values` by the sample as it is written, labels in alphabetical order."""

    def __init__(self, text: str):
        self.text = text
        self.types: dict[str, str] = {}
        self.help: dict[str, str] = {}
        self.values: dict[str, float] = {}
        for family in text_string_to_metric_families(text):
            # The parser takes the suffix of a counter off.
            name = f"{family.name}_total" if family.type == "counter" else family.name
            assert name not in self.types, f"{name} appears twice"
            self.types[name], self.help[name] = family.type, family.documentation
            for sample in family.samples:
                key = written(sample.name, sample.labels)
                assert key not in self.values, f"{key} appears twice"
                self.values[key] = sample.value

    # All looks at each node's operator address since it was last cleared.
    taken: dict[str, list["Scrape"]] = {}

    @staticmethod
    def of(node: Node) -> "Scrape":
        head, _, body = fastcgi.request(node.operator, "/metrics", 10).partition(b"\r\n\r\n")
        assert head.startswith(b"Status: 200"), head
        scrape = Scrape(body.decode())
        Scrape.taken.setdefault(node.operator, []).append(scrape)
        return scrape

    def __getitem__(self, key: str) -> float:
        return self.values[key]

    def sum(self, name: str) -> float:
        """Over all labels."""
        return sum(value for key, value in self.values.items() if key == name or key.startswith(f"{name}{{"))

    def family(self, name: str) -> dict[str, float]:
        """All samples of a metric."""
        pattern = re.compile(rf"{name}(_bucket|_sum|_count)?(\{{.*)?")
        return {key: value for key, value in self.values.items() if pattern.fullmatch(key)}

    def since(self, earlier: "Scrape") -> dict[str, float]:
        """What has changed, but for what never rests; of histograms the number of observations."""
        return {
            key: value - earlier.values[key]
            for key, value in self.values.items()
            if value != earlier.values[key] and not RESTLESS.match(key)
        }

    @property
    def is_at_rest(self) -> bool:
        return not any(self.sum(name) for name in ACTIVITY)


def moves(*names: str):
    """The test sees these metrics change; conftest makes sure that it does."""
    return pytest.mark.moves(*names)


def assert_moved(name: str) -> None:
    """Two looks at one node, of those taken since the last clearing, differ in this metric."""
    looks = [[scrape.family(name) for scrape in scrapes] for scrapes in Scrape.taken.values()]
    assert looks and all(look for scrapes in looks for look in scrapes), f"there is no {name}"
    assert any(look != scrapes[0] for scrapes in looks for look in scrapes), f"{name} has not moved"


def settled(node: Node) -> Scrape:
    """A look at a node that has nothing to do any more."""

    def look() -> Scrape | None:
        scrape = Scrape.of(node)
        return scrape if scrape.is_at_rest else None

    return wait_until(look, "the node to come to rest", 30, node.log)


def until(node: Node, condition, what: str, timeout: float = 20) -> Scrape:
    """The first look for which the condition holds."""

    def look() -> Scrape | None:
        scrape = Scrape.of(node)
        return scrape if condition(scrape) else None

    return wait_until(look, what, timeout, node.log)


def written(name: str, labels: dict[str, str]) -> str:
    text = ",".join(f'{label}="{value}"' for label, value in sorted(labels.items()))
    return f"{name}{{{text}}}" if text else name
