"""Changes: what happened since a cursor, in a mailbox and in a calendar alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Gap:
    """
    What happened since `cursor` can no longer be had; `reason` says why.

    Gmail keeps its history for about a week, and Calendar forgets where a cursor is old or where access
    changed. All that was kept of the mailbox or calendar is out of date. In a mailbox nothing follows a
    gap: read it anew with `search`. What follows one in a calendar is the whole calendar.
    """

    cursor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Changes(Generic[T]):
    """
    What happened, after a Gap where there was one, and a plain text to ask with next time.

    Gmail's come in the order in which they happened, Calendar's in none: those are events as they are
    now, a deleted one with the status CANCELLED and often nothing but its id. Store `cursor` when the
    changes are dealt with, not before.
    """

    items: tuple[T | Gap, ...]
    cursor: str

    def __iter__(self) -> Iterator[T | Gap]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    @property
    def gap(self) -> Gap | None:
        """The gap, when there is one."""
        return next((each for each in self.items if isinstance(each, Gap)), None)

    @property
    def events(self) -> tuple[T, ...]:
        """What happened, without the gap."""
        return tuple(each for each in self.items if not isinstance(each, Gap))
