"""
Calendar: the events of one calendar, as they are and as they were.

Nothing here knows of HTTP or of whose diary it is in.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from mailgrant.sandbox.diary.event import CANCELLED, Draft, Event, Former, Occurrence, differences, instance, whole
from mailgrant.sandbox.diary.moment import milliseconds
from mailgrant.sandbox.diary.sharing import AclRule, Role
from mailgrant.sandbox.past import Changes

# A change of these is one that guests must hear of: the iCalendar sequence rises.
SIGNIFICANT = frozenset({"status", "location"})


@dataclass(frozen=True, slots=True)
class Before:
    """How one event of a calendar was before a change, its changed instances with it; None if it was not."""

    event_id: str
    event: Event | None
    exceptions: dict[str, Event]
    change: int


@dataclass(slots=True)
class Calendar:
    """
    One calendar with its events.

    `change` counts every change, and `sharing_change` remembers the last of its sharing: a sync token
    from before that is void. `exceptions` holds the changed instances by series and by slot. `made_by` is the
    project whose program made the calendar, empty if none did.
    """

    id: str
    owner: str = field(kw_only=True)
    zone: str = field(kw_only=True)
    created: datetime = field(kw_only=True)
    updated: datetime = field(kw_only=True)
    details: dict[str, Any] = field(kw_only=True, default_factory=dict)
    events: dict[str, Event] = field(kw_only=True, default_factory=dict, repr=False)
    exceptions: dict[str, dict[str, Event]] = field(kw_only=True, default_factory=dict, repr=False)
    rules: dict[str, AclRule] = field(kw_only=True, default_factory=dict, repr=False)
    change: int = field(kw_only=True, default=0)
    sharing_change: int = field(kw_only=True, default=0)
    made_by: str = field(kw_only=True, default="")
    changes: Changes[Before] = field(kw_only=True, default_factory=Changes, repr=False, metadata={"kept": False})

    @property
    def primary(self) -> bool:
        """True for the calendar that a person has from the beginning."""
        return self.id == self.owner

    @property
    def etag(self) -> str:
        """The entity tag of the calendar and of lists of its events."""
        return f'"{int(self.created.timestamp() * 1000) + self.change:x}"'

    def next_change(self) -> int:
        """Count a change and return its number."""
        self.change += 1
        return self.change

    def role_of(self, email: str) -> Role:
        """Return the most that any rule lets a person do."""
        return max((rule.role for rule in self.rules.values() if rule.covers(email)), default=Role.NONE)

    def find(self, event_id: str) -> Occurrence | None:
        """Return an event, a series or an instance (touched or not) by its id, deleted ones too."""
        event = self.events.get(event_id)
        if event is not None:
            return whole(event)
        master_id, _, stamp = event_id.rpartition("_")
        master = self.events.get(master_id)
        if master is None or master.series is None:
            return None
        exception = self.exceptions.get(master_id, {}).get(stamp)
        slot = exception.slot if exception else master.series.slot(stamp)
        return instance(master, slot, exception) if slot else None

    def with_uid(self, uid: str) -> Event | None:
        """Return the event, single or series, that has this iCalUID."""
        return next((event for event in self.events.values() if event.uid == uid and event.slot is None), None)

    def changed_instances(self, event: Event) -> Iterator[Occurrence]:
        """Yield the instances of a series that are stored, cancelled ones too."""
        for exception in self.exceptions.get(event.id, {}).values():
            if exception.slot is not None:
                yield instance(event, exception.slot, exception)

    def add(self, event: Event, now: datetime) -> None:
        """Put a new event in; a series takes the place of instances that stood by themselves."""
        if event.series is not None:
            alone = [stored.id for stored in self.events.values() if stored.recurring_id == event.id]
            for event_id in alone:
                self._note(event_id)
                del self.events[event_id]
        self._note(event.id)
        event.number = event.change = self.next_change()
        self.events[event.id] = event
        self.updated = milliseconds(now)

    def rewrite(self, found: Occurrence, draft: Draft, now: datetime) -> Occurrence:
        """Make an event what a draft says, and return it as it is now."""
        self._note(found.event.id)
        fresh = _is_news(found, draft)
        if found.slot is not None and found.event.slot is None:
            event = self._rewrite_instance(found, draft)
        else:
            event = self._rewrite_whole(found, draft)
        # Reminders are everybody's own: setting them is no news to others (`updated` stays).
        if fresh:
            event.touch(now, self.next_change())
            event.sequence = found.sequence + _is_significant(found, draft)
            self.updated = milliseconds(now)
        else:
            event.change = self.next_change()
        return self.find(found.id) or found

    def _rewrite_whole(self, found: Occurrence, draft: Draft) -> Event:
        event = found.event
        if event.series is not None and (draft.series != event.series or draft.start != event.start):
            event.former.append(Former(event.series, length=event.length, until_change=self.change + 1))
            self._drop_exceptions(event, draft)
        if draft.fields.get("status") == CANCELLED:
            self.exceptions.pop(event.id, None)
        event.start, event.end, event.series = draft.start, draft.end, draft.series
        event.fields = dict(draft.fields)
        return event

    def _rewrite_instance(self, found: Occurrence, draft: Draft) -> Event:
        if found.slot is None:
            raise ValueError(f"{found.id} is no instance")
        event = found.event
        stored = self.exceptions.setdefault(event.id, {})
        exception = stored.get(found.slot.stamp) or _exception_of(found)
        stored[found.slot.stamp] = exception
        moved = draft.start != found.slot or draft.end != found.slot.later(event.length)
        exception.start, exception.end = (draft.start, draft.end) if moved else (None, None)
        exception.fields = differences(event.fields, draft.fields)
        return exception

    def _drop_exceptions(self, event: Event, draft: Draft) -> None:
        """Moving a series resets its exceptions; a new rule keeps those whose slot it still has."""
        stored = self.exceptions.pop(event.id, {})
        if draft.series is None or draft.start != event.start:
            return
        kept = {stamp: changed for stamp, changed in stored.items() if draft.series.slot(stamp)}
        self.exceptions[event.id] = kept

    def clear(self, now: datetime) -> None:
        """Remove every event without a trace; syncs have to start anew."""
        for event_id in self.events:
            self._note(event_id)
        self.events.clear()
        self.exceptions.clear()
        self.sharing_change = self.next_change()
        self.updated = milliseconds(now)

    def _note(self, event_id: str) -> None:
        """Remember how an event is, for reads that lag behind."""
        event = self.events.get(event_id)
        exceptions = {stamp: _twin(changed) for stamp, changed in self.exceptions.get(event_id, {}).items()}
        self.changes.note(Before(event_id, event and _twin(event), exceptions, self.change))

    def as_it_was(self, moment: float) -> Calendar:
        """Return the calendar of a moment of the monotonic clock, to be read only."""
        was = copy(self)
        was.events, was.exceptions = dict(self.events), dict(self.exceptions)
        for before in self.changes.since(moment):
            was.change = before.change
            was.events.pop(before.event_id, None)
            if before.event is not None:
                was.events[before.event_id] = before.event
            was.exceptions[before.event_id] = before.exceptions
        was.events = dict(sorted(was.events.items(), key=lambda item: item[1].number))
        return was


def _twin(event: Event) -> Event:
    return replace(event, fields=dict(event.fields), former=list(event.former))


def _exception_of(found: Occurrence) -> Event:
    """Return the beginning of what will be stored for one instance of a series."""
    event = found.event
    return Event(
        found.id,
        start=None,
        end=None,
        uid=event.uid,
        creator=event.creator,
        organizer=event.organizer,
        created=event.created,
        updated=found.updated,
        sequence=event.sequence,
        recurring_id=event.id,
        slot=found.slot,
    )


def _is_news(found: Occurrence, draft: Draft) -> bool:
    changed = differences(found.fields, draft.fields).keys()
    return bool(changed - {"reminders"}) or _is_retimed(found, draft)


def _is_retimed(found: Occurrence, draft: Draft) -> bool:
    return (found.start, found.end, found.series) != (draft.start, draft.end, draft.series)


def _is_significant(found: Occurrence, draft: Draft) -> bool:
    changed = differences(found.fields, draft.fields).keys()
    return bool(changed & SIGNIFICANT) or _is_retimed(found, draft)
