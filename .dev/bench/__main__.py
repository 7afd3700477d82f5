"""`make bench`: the figures of README's table, each with its reference from the same run.

FIGURE=name measures that one alone, or those whose names begin so. A line of JSON per figure goes to standard output, the table and what goes on to
standard error. Ends with 1 when a figure misses its bound.
"""

import argparse
import json
import os
import resource
import sys
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / ".dev"), str(Path(__file__).parent)]

import compression_figures  # noqa: F401
import crowd_figures  # noqa: F401
import former_figures  # noqa: F401
import hub_figures  # noqa: F401
import node_figures  # noqa: F401
import overload_figures  # noqa: F401
import relay_figures  # noqa: F401
import stream_figures  # noqa: F401
from figures import MEASURES, Figure
from site_ import Site, fdatasync_ms, stalls
from stack import Failure

# A parked poll takes one descriptor here, two in an nginx worker's share, one in Sluice.
DESCRIPTORS = 16_000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=Path, required=True, help="folder of the built programs")
    parser.add_argument("--figure", default=os.environ.get("FIGURE", ""), help="measure this one alone")
    options = parser.parse_args()
    names = [name for group, _ in MEASURES for name in group]
    if not any(meant(name, options.figure) for name in names):
        print(f"✗ there is no figure {options.figure}; there are: {', '.join(names)}", file=sys.stderr)
        return 64
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < DESCRIPTORS:
        print(f"✗ {hard} descriptors a process are too few: {DESCRIPTORS} are needed (ulimit -Hn)", file=sys.stderr)
        return 1
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    site, figures, failed = Site(options.programs.resolve(), ROOT / ".build/bench"), [], False
    try:
        site.start()
        lost, gaps = stalls()
        say(f"{os.cpu_count()} cores, fdatasync {fdatasync_ms(site.folder.path):.2f} ms, descriptors {hard}")
        say(f"stalls: who only reads the clock loses {lost:.1%} of the time, {gaps} gaps of more than 5 ms in 3 s")
        for group, measure in MEASURES:
            if not any(meant(name, options.figure) for name in group):
                continue
            say(f"· {', '.join(group)} …")
            try:
                for figure in measure(site):
                    figures.append(figure)
                    report(figure)
            except (Failure, RuntimeError, OSError) as error:
                failed = True
                say(f"✗ {', '.join(group)}: {error}")
    except Failure as failure:
        say(f"✗ {failure}")
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        site.close()
    say(table(figures))
    return 1 if failed or not all(figure.holds for figure in figures) else 0


def meant(name: str, asked: str) -> bool:
    """Whether it is the figure that was asked for, or one of that family; all are if none was."""
    return not asked or name == asked or name.startswith(f"{asked}_")


def report(figure: Figure) -> None:
    line = {"name": figure.name, "value": round(figure.value, 3), "unit": figure.unit, "reference": figure.reference}
    print(json.dumps(line, ensure_ascii=False), flush=True)


def table(figures: list[Figure]) -> str:
    rows = [["", "figure", "value", "must be", "reference in the same run"]]
    for figure in figures:
        value = f"{figure.value:,.0f}" if figure.value >= 1000 else f"{figure.value:.3g}"
        rows.append(["✓" if figure.holds else "✗", figure.name, f"{value} {figure.unit}", figure.bound, figure.reference])
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths)), row[4]]) for row in rows)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
