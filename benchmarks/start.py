"""
How long a program waits before its first line runs.

    python benchmarks/start.py [--runs 15] [--no-budget]

Compares, in turns so that a busy moment hits them all, a bare interpreter with `import mailgrant;
mailgrant.connect`, with `mailgrant --version`, and with the import that every program written on
Google's own client begins with. Exits 1 when one of ours passes its budget over the bare
interpreter.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Start:
    """Something to start, and how many milliseconds it may take longer than nothing at all."""

    name: str
    command: tuple[str, ...]
    budget_ms: float | None = None


BARE = Start("bare interpreter", (sys.executable, "-c", "pass"))
STARTS = (
    Start("import mailgrant; .connect", (sys.executable, "-c", "import mailgrant; mailgrant.connect"), 60),
    Start("mailgrant --version", (str(Path(sys.executable).with_name("mailgrant")), "--version"), 120),
    Start("official client's import", (sys.executable, "-c", "from googleapiclient.discovery import build")),
)


def run_once(start: Start) -> float:
    """Start it and return how many milliseconds passed until it had ended."""
    begin = time.perf_counter()
    subprocess.run(start.command, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - begin) * 1000


def measure(starts: tuple[Start, ...], runs: int) -> dict[str, float]:
    """Return the median of each, after one run that warms the file cache and writes bytecode."""
    times: dict[str, list[float]] = {start.name: [] for start in starts}
    for turn in range(runs + 1):
        for start in starts:
            took = run_once(start)
            if turn > 0:
                times[start.name].append(took)
    return {name: statistics.median(values) for name, values in times.items()}


def report(medians: dict[str, float]) -> list[str]:
    """Print the table and return what passes its budget."""
    bare = medians[BARE.name]
    official = medians[STARTS[-1].name] - bare
    print(f"{BARE.name:<28} {bare:7.1f} ms")
    over = []
    for start in STARTS:
        extra = medians[start.name] - bare
        budget = f"  budget {start.budget_ms:.0f} ms" if start.budget_ms else ""
        print(f"{start.name:<28} {extra:+7.1f} ms  {extra / official:6.0%} of the official client{budget}")
        if start.budget_ms is not None and extra > start.budget_ms:
            over.append(
                f"{start.name} takes {extra:.0f} ms over a bare interpreter; its budget is {start.budget_ms:.0f}"
            )
    return over


def main() -> int:
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(description="How long a program waits before its first line runs.")
    parser.add_argument("--runs", type=int, default=15, help="how often each is started")
    parser.add_argument("--no-budget", action="store_true", help="print the figures and judge nothing")
    arguments = parser.parse_args()
    over = report(measure((BARE, *STARTS), arguments.runs))
    for complaint in over:
        print(complaint, file=sys.stderr)
    return 1 if over and not arguments.no_budget else 0


if __name__ == "__main__":
    sys.exit(main())
