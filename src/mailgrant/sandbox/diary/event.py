"""
Event: one thing in a calendar, and Occurrence: how it is met with.

A series is one event with the instances that were changed beside it; an instance nobody touched is
not stored anywhere. What clients see, compare and filter is an `Occurrence`: a single event, a series
as a whole, or one instance with what was changed about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from mailgrant.sandbox.diary.moment import Moment, milliseconds, span
from mailgrant.sandbox.diary.recurrence import Series

# What clients may write besides the times, in Google's names; defaults are left out.
Fields: TypeAlias = dict[str, Any]

CANCELLED = "cancelled"
# What each copy of a meeting has for itself; everything else is shared with the organizer.
PRIVATE = frozenset({"colorId", "eventLabelId", "reminders", "transparency", "visibility", "status"})


@dataclass(frozen=True, slots=True)
class Draft:
    """What a client wants an event to be: read, checked and complete."""

    start: Moment
    end: Moment = field(kw_only=True)
    series: Series | None = field(kw_only=True, default=None)
    fields: Fields = field(kw_only=True, default_factory=dict)


@dataclass(frozen=True, slots=True)
class Former:
    """A shape that a series had until a change, so that a sync can say which instances went away."""

    series: Series
    length: timedelta = field(kw_only=True)
    until_change: int = field(kw_only=True)


@dataclass(slots=True)
class Event:
    """
    One stored event.

    For a changed instance, `recurring_id` and `slot` say which it is; `fields` then holds only what
    differs from the series (None for what it lacks), and `start` and `end` are None unless it was
    moved. `number` and `change` are the calendar's counts when it was added and when it was last
    changed: lists are ordered by the one, syncs go by the other.
    """

    id: str
    start: Moment | None = field(kw_only=True)
    end: Moment | None = field(kw_only=True)
    series: Series | None = field(kw_only=True, default=None)
    fields: Fields = field(kw_only=True, default_factory=dict)
    uid: str = field(kw_only=True)
    creator: str = field(kw_only=True)
    organizer: dict[str, str] = field(kw_only=True)
    created: datetime = field(kw_only=True)
    updated: datetime = field(kw_only=True)
    sequence: int = field(kw_only=True, default=0)
    number: int = field(kw_only=True, default=0)
    change: int = field(kw_only=True, default=0)
    recurring_id: str | None = field(kw_only=True, default=None)
    slot: Moment | None = field(kw_only=True, default=None)
    former: list[Former] = field(kw_only=True, default_factory=list)

    @property
    def cancelled(self) -> bool:
        """True once it was deleted."""
        return self.fields.get("status") == CANCELLED

    @property
    def length(self) -> timedelta:
        """How long it takes."""
        if self.start is None or self.end is None:
            raise ValueError(f"the instance {self.id} has no times of its own")
        return span(self.start, self.end)

    def touch(self, now: datetime, change: int) -> None:
        """
        Note that it was changed.

        `updated` always grows, since the etag is made of it: two changes within a millisecond must
        not look like one.
        """
        self.updated = max(milliseconds(now), self.updated + timedelta(milliseconds=1))
        self.change = change


@dataclass(frozen=True, slots=True)
class Occurrence:
    """
    An event as it is met with; `slot` is set for an instance of a series.

    `event` is what is stored for the whole, `exception` what is stored for this instance alone.
    """

    event: Event
    start: Moment = field(kw_only=True)
    end: Moment = field(kw_only=True)
    fields: Mapping[str, Any] = field(kw_only=True, repr=False)
    slot: Moment | None = field(kw_only=True, default=None)
    exception: Event | None = field(kw_only=True, default=None)

    @property
    def id(self) -> str:
        """The event's id, for an instance with the original start behind it."""
        if self.slot is None or self.event.slot is not None:
            return self.event.id
        return f"{self.event.id}_{self.slot.stamp}"

    @property
    def recurring_id(self) -> str | None:
        """The id of the series that this is an instance of."""
        return self.event.recurring_id or (self.event.id if self.slot is not None else None)

    @property
    def series(self) -> Series | None:
        """The series, if this is one as a whole."""
        return self.event.series if self.slot is None else None

    @property
    def status(self) -> str:
        """confirmed, tentative or cancelled."""
        return str(self.fields.get("status", "confirmed"))

    @property
    def cancelled(self) -> bool:
        """True once it was deleted."""
        return self.status == CANCELLED

    @property
    def newest(self) -> Event:
        """What was changed last: the instance or the series it belongs to."""
        if self.exception is None or self.exception.change < self.event.change:
            return self.event
        return self.exception

    @property
    def updated(self) -> datetime:
        """When it was last changed."""
        return self.event.updated if self.exception is None else max(self.event.updated, self.exception.updated)

    @property
    def sequence(self) -> int:
        """How often it was changed significantly (RFC 5545 §3.8.7.4)."""
        return self.event.sequence if self.exception is None else max(self.event.sequence, self.exception.sequence)

    @property
    def etag(self) -> str:
        """The entity tag: twice a thousand times the milliseconds of `updated`."""
        return f'"{int(self.updated.timestamp() * 1000 + 0.5) * 2000}"'


def whole(event: Event) -> Occurrence:
    """Return a single event, or a series as such."""
    if event.start is None or event.end is None:
        raise ValueError(f"{event.id} is an instance, to be met with by way of its series")
    return Occurrence(event, start=event.start, end=event.end, fields=event.fields, slot=event.slot)


def instance(event: Event, slot: Moment, exception: Event | None = None) -> Occurrence:
    """Return one instance of a series, with what was changed about it."""
    start, end, fields = slot, slot.later(event.length), event.fields
    if exception is not None:
        start, end = exception.start or start, exception.end or end
        fields = merged(event.fields, exception.fields)
    return Occurrence(event, start=start, end=end, fields=fields, slot=slot, exception=exception)


def merged(fields: Fields, changes: Fields) -> Fields:
    """Return fields with the changes of an exception; what it lacks is gone."""
    # A series that was cancelled takes its instances with it, whatever they say of themselves.
    gone = {"status": CANCELLED} if fields.get("status") == CANCELLED else {}
    return {name: value for name, value in {**fields, **changes, **gone}.items() if value is not None}


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Fields:
    """Return what turns one set of fields into another: None for what goes away."""
    names = dict.fromkeys([*before, *after])
    return {name: after.get(name) for name in names if before.get(name) != after.get(name)}
