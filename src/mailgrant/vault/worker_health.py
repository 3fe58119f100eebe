"""
WorkerHealth: what a worker says of itself in the vault, so that somebody can see that it lives.

One sealed row for each worker, written at most every half minute.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .sealer import Sealer
from .store import Row

TABLE = "workers"
# A worker that has been silent for this long is gone; the next one that starts clears it away.
GONE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WorkerHealth:
    """
    One worker: where it runs, since when, and what it has done.

    `looked_at` is when it last looked for something to do. `refreshed` and `failed` count the grants
    since it started; `waiting` are the clients that Google does not accept. `version` counts the writes.
    """

    id: str
    host: str = field(kw_only=True)
    process: int = field(kw_only=True)
    started_at: datetime = field(kw_only=True)
    looked_at: datetime = field(kw_only=True)
    refreshed: int = field(kw_only=True, default=0)
    failed: int = field(kw_only=True, default=0)
    last_error: str = field(kw_only=True, default="")
    waiting: tuple[str, ...] = field(kw_only=True, default=())
    version: int = field(kw_only=True, default=0)


def keep(sealer: Sealer, health: WorkerHealth) -> int:
    """Write down how a worker fares; return the version of its row."""
    row = Row(health.id, version=health.version + 1, sealed=b"")
    sealer.put(TABLE, row, _to_bytes(health), expect=health.version)
    return row.version


def all_workers(sealer: Sealer) -> tuple[WorkerHealth, ...]:
    """Return every worker that has not said goodbye, the one that started first first."""
    found = (_from_bytes(row, sealer.open(TABLE, row)) for row in sealer.store.workers.find())
    return tuple(sorted(found, key=lambda health: (health.started_at, health.id)))


def leave(sealer: Sealer, worker_id: str) -> None:
    """Delete a worker's row: it has ended, and said so."""
    sealer.store.workers.take(worker_id)


def clear_away(sealer: Sealer, now: datetime) -> None:
    """Delete the rows of workers that ended without a word long ago."""
    for health in all_workers(sealer):
        if now - health.looked_at > GONE:
            leave(sealer, health.id)


def _to_bytes(health: WorkerHealth) -> bytes:
    values = {
        "host": health.host,
        "process": health.process,
        "started_at": health.started_at.isoformat(),
        "looked_at": health.looked_at.isoformat(),
        "refreshed": health.refreshed,
        "failed": health.failed,
        "last_error": health.last_error,
        "waiting": list(health.waiting),
    }
    return json.dumps(values, separators=(",", ":"), sort_keys=True).encode()


def _from_bytes(row: Row, record: bytes) -> WorkerHealth:
    values = json.loads(record)
    return WorkerHealth(
        row.key,
        host=values["host"],
        process=values["process"],
        started_at=datetime.fromisoformat(values["started_at"]),
        looked_at=datetime.fromisoformat(values["looked_at"]),
        refreshed=values["refreshed"],
        failed=values["failed"],
        last_error=values["last_error"],
        waiting=tuple(values["waiting"]),
        version=row.version,
    )
