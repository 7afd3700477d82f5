"""How long and how often the tests of `make torture` go on, what they throw dice with, and how they tell of it."""

import os
import random
import sys
import time

import pytest

KILLS = int(os.environ.get("KILLS") or 200)
MINUTES = float(os.environ.get("MINUTES") or 10)
BEGUN = time.monotonic()


def sizes(smoke: int, whole: int):
    """Runs the test twice: in `make test` so often, in `make torture` as often as asked for."""
    return pytest.mark.parametrize("times", [smoke, pytest.param(whole, marks=pytest.mark.torture)])


def torture(whole: int):
    """Runs the test in `make torture` alone."""
    return pytest.mark.parametrize("times", [pytest.param(whole, marks=pytest.mark.torture)])


def seeded() -> random.Random:
    """The dice of one test. SEED repeats its throws; what the machine does meanwhile nothing repeats."""
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(1_000_000))
    say(f"SEED={seed}")
    return random.Random(seed)


def say(text: str) -> None:
    """A line of progress; pytest shows it of a test that failed, and at once where it captures nothing."""
    print(f"[{time.monotonic() - BEGUN:6.1f} s] {text}", file=sys.stderr, flush=True)
