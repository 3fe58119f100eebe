"""
What it costs to ask a vault of 100,000 grants whether anything is due.

The worker asks this again and again, so it must not read the grants. Rows are written straight into
the tables: what is sealed in them does not matter here.

    python benchmarks/due.py [--grants 100000]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from one_refresh import postgres_url

from mailgrant.storage import open_store
from mailgrant.storage.sql import SqlStore
from mailgrant.storage.statements import row_values
from mailgrant.vault.store import Row

FAR = 4_000_000_000
LOOKS = 200


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grants", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, postgres_url() as url:
        for name, place in (("SQLite", str(Path(folder) / "vault.db")), ("PostgreSQL", url)):
            if place:
                measure(name, place, options.grants)
    return 0


def measure(name: str, place: str, grants: int) -> None:
    """Fill a vault and print how long one look takes."""
    with closing(open_store(place)) as store:
        assert isinstance(store, SqlStore)
        fill(store, grants)
        looks = [timed(store.grants.next_due) for _ in range(LOOKS)]
        finds = [timed(lambda: store.grants.due(until=FAR - 1, limit=100)) for _ in range(LOOKS)]
    print(
        f"{name:11} {grants} grants, nothing due: next_due {statistics.median(looks) * 1e6:.0f} us, "
        f"due {statistics.median(finds) * 1e6:.0f} us (medians of {LOOKS})"
    )


def fill(store: SqlStore, grants: int) -> None:
    """Write rows that are due in the far future."""
    statement = store.statement("insert_row", "grants")
    with store.writing() as connection:
        connection.cursor().executemany(statement, (row(number) for number in range(grants)))


def row(number: int) -> dict[str, Any]:
    """Return the values of one grant."""
    key = f"g{number:08}"
    made = Row(key, version=1, sealed=bytes(400), account=f"{key}@example.com", client="c", due=FAR + number)
    return row_values(made)


def timed(look: Any) -> float:
    """Return how long a look takes, in seconds."""
    begun = time.perf_counter()
    look()
    return time.perf_counter() - begun


if __name__ == "__main__":
    sys.exit(main())
