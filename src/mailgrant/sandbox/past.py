"""
Past: what changed a moment ago, so that a read can be answered as if it had not happened yet.

Real systems answer from copies that lag behind; a fault makes a sandbox do so. Times here are the
monotonic clock's: moving the sandbox's own clock ages no copy.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from mailgrant.sandbox.people import People, Person

Before = TypeVar("Before")

# What is older is forgotten, and so is what came before so many changes.
REMEMBERED = timedelta(minutes=10)
MOST_CHANGES = 20_000


class Changes(Generic[Before]):
    """How parts of something were before each of its last changes."""

    __slots__ = ("_noted",)

    def __init__(self) -> None:
        self._noted: deque[tuple[float, Before]] = deque(maxlen=MOST_CHANGES)

    def note(self, before: Before) -> None:
        """Remember how a part is just before it changes."""
        now = time.monotonic()
        while self._noted and now - self._noted[0][0] > REMEMBERED.total_seconds():
            self._noted.popleft()
        self._noted.append((now, before))

    def since(self, moment: float) -> Iterator[Before]:
        """Yield what to put back to be at a moment, the latest change first."""
        for at, before in reversed(self._noted):
            if at <= moment:
                return
            yield before


@contextlib.contextmanager
def seen_as_of(people: People, reader: str, ago: timedelta) -> Iterator[None]:
    """Show a reader's mailbox, and everybody's calendars, as they were so long ago."""
    moment = time.monotonic() - ago.total_seconds()
    now = [(person, person.mailbox, person.diary) for person in people.everybody()]
    try:
        for person in people.everybody():
            _take_back(person, moment, whole=person.email == reader)
        yield
    finally:
        for person, mailbox, diary in now:
            person.mailbox, person.diary = mailbox, diary


def _take_back(person: Person, moment: float, *, whole: bool) -> None:
    person.diary = person.diary.as_it_was(moment)
    if whole:
        person.mailbox = person.mailbox.as_it_was(moment)
