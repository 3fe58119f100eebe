"""History: what happened in a mailbox, for as long as Gmail remembers it."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

# "Typically at least a week", says Google; afterwards a program has to start anew.
RETENTION = timedelta(days=7)
FIRST_ID = 1000


class Kind(StrEnum):
    """What can happen to a message; the values are the enum of users.history.list."""

    MESSAGE_ADDED = "messageAdded"
    MESSAGE_DELETED = "messageDeleted"
    LABEL_ADDED = "labelAdded"
    LABEL_REMOVED = "labelRemoved"


FIELDS = {
    Kind.MESSAGE_ADDED: "messagesAdded",
    Kind.MESSAGE_DELETED: "messagesDeleted",
    Kind.LABEL_ADDED: "labelsAdded",
    Kind.LABEL_REMOVED: "labelsRemoved",
}


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that happened to one message; `labels` are the message's afterwards, `written` the real time."""

    id: int
    kind: Kind = field(kw_only=True)
    message_id: str = field(kw_only=True)
    thread_id: str = field(kw_only=True)
    labels: tuple[str, ...] = field(kw_only=True)
    changed: tuple[str, ...] = field(kw_only=True, default=())
    at: datetime = field(kw_only=True)
    written: float = field(kw_only=True)

    def concerns(self, label_id: str) -> bool:
        """Say whether a label is, or just was, on the message."""
        return label_id in self.labels or label_id in self.changed

    def resource(self) -> dict[str, Any]:
        """Return it as Google's History JSON."""
        bare = {"id": self.message_id, "threadId": self.thread_id}
        message: dict[str, Any] = bare | ({"labelIds": list(self.labels)} if self.labels else {})
        entry: dict[str, Any] = {"message": message}
        if self.changed:
            entry["labelIds"] = list(self.changed)
        return {"id": str(self.id), "messages": [bare], FIELDS[self.kind]: [entry]}


class History:
    """The records of one mailbox, oldest first; ids only grow."""

    KEPT: ClassVar[tuple[str, ...]] = ("current", "_forgotten")

    def __init__(self) -> None:
        self._records: list[Record] = []
        self._forgotten = FIRST_ID - 1
        self.current = FIRST_ID

    def write(
        self,
        kind: Kind,
        *,
        message_id: str,
        thread_id: str,
        labels: tuple[str, ...],
        changed: tuple[str, ...] = (),
        at: datetime,
    ) -> int:
        """Write down what happened and return its id."""
        self.current += 1
        record = Record(
            self.current,
            kind=kind,
            message_id=message_id,
            thread_id=thread_id,
            labels=labels,
            changed=changed,
            at=at,
            written=time.monotonic(),
        )
        self._records.append(record)
        return self.current

    def since(self, start: int, now: datetime) -> list[Record] | None:
        """Return what came after an id; None when that is too long ago to know, or has not happened yet."""
        self._forget(now - RETENTION)
        if not self._forgotten <= start <= self.current:
            return None
        return self.after(start)

    @property
    def forgotten(self) -> int:
        """The last id of which nothing is known any more."""
        return self._forgotten

    def after(self, record_id: int) -> list[Record]:
        """Return the records there are after an id."""
        return self._records[bisect_right(self._records, record_id, key=lambda record: record.id) :]

    def take_back(self, records: Iterable[Record]) -> None:
        """Fill an empty history with records as they were."""
        self._records.extend(records)

    def as_it_was(self, moment: float) -> History:
        """Return what had been written by a moment of the monotonic clock."""
        was = History()
        was._forgotten = self._forgotten
        was._records = self._records[: bisect_right(self._records, moment, key=lambda record: record.written)]
        was.current = was._records[-1].id if was._records else max(self._forgotten, FIRST_ID)
        return was

    def _forget(self, before: datetime) -> None:
        kept = bisect_right(self._records, before, key=lambda record: record.at)
        if kept:
            self._forgotten = self._records[kept - 1].id
            del self._records[:kept]
