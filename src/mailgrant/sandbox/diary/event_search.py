"""
Search: which occurrences of a calendar a list shows, in which order.

Series are expanded lazily, so that a page costs what it shows: a rule without end is walked no
further than the page, and a filter that fits none of its instances is asked once, not for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from heapq import merge
from itertools import chain, islice
from typing import Any, TypeAlias

from mailgrant.sandbox.diary.calendar import Calendar
from mailgrant.sandbox.diary.event import CANCELLED, Event, Occurrence, instance, whole
from mailgrant.sandbox.diary.moment import EARLIEST, LATEST, Moment, known_zone
from mailgrant.sandbox.diary.recurrence import Series

# How far a series without end is expanded when no timeMax is given.
HORIZON = timedelta(days=5 * 366)
# How many instances of one series are looked at where they cannot be taken one by one.
MOST_AT_ONCE = 10_000
SEARCHED = ("summary", "description", "location")

Key: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """
    What is looked for.

    `after` and `before` bound the window, both exclusive; `expanded` turns series into instances.
    `since` is the change that a sync token was given at: only what changed later is found then,
    and deletions always are.
    """

    now: datetime
    after: datetime | None = field(kw_only=True, default=None)
    before: datetime | None = field(kw_only=True, default=None)
    expanded: bool = field(kw_only=True, default=False)
    deleted: bool = field(kw_only=True, default=False)
    by_update: bool = field(kw_only=True, default=False)
    text: str = field(kw_only=True, default="")
    uid: str | None = field(kw_only=True, default=None)
    updated_min: datetime | None = field(kw_only=True, default=None)
    kinds: frozenset[str] = field(kw_only=True, default=frozenset())
    properties: Mapping[str, tuple[str, ...]] = field(kw_only=True, default_factory=dict)
    since: int | None = field(kw_only=True, default=None)

    def matches(self, found: Occurrence) -> bool:
        """Return whether an occurrence is looked for, its time aside."""
        if self.since is not None and found.newest.change <= self.since:
            return False
        if self.updated_min is not None and found.updated < self.updated_min:
            return False
        if found.cancelled and not self._shows_deleted(found):
            return False
        if self.kinds and found.fields.get("eventType", "default") not in self.kinds:
            return False
        if self.uid is not None and found.event.uid != self.uid:
            return False
        return self._has_properties(found) and (not self.text or _has_words(found, self.text))

    def _shows_deleted(self, found: Occurrence) -> bool:
        if self.deleted or self.since is not None or self.updated_min is not None:
            return True
        # An unexpanded series is understood only with the instances that were taken out of it.
        return not self.expanded and found.exception is not None and not found.event.cancelled

    def _has_properties(self, found: Occurrence) -> bool:
        kept = found.fields.get("extendedProperties", {})
        return all(_has_property(kept.get(kind, {}), pair) for kind, pairs in self.properties.items() for pair in pairs)

    def overlaps(self, found: Occurrence, place: tzinfo) -> bool:
        """Return whether an occurrence lies in the window, if only in part."""
        if self.after is not None and found.end.at(place) <= self.after:
            return False
        return self.before is None or found.start.at(place) < self.before


@dataclass(frozen=True, slots=True)
class Hits:
    """The occurrences of one calendar that a search finds, in order."""

    calendar: Calendar
    search: Search

    def after(self, key: Key | None) -> Iterator[tuple[Key, Occurrence]]:
        """Yield what follows `key`, each with its own key; everything for None."""
        hits = self._by_start(key) if self._sorted_by_start else self._sorted(self._all_keyed())
        return (hit for hit in hits if key is None or hit[0] > key)

    def fits(self, found: Occurrence) -> bool:
        """Return whether an occurrence is looked for and lies in the window."""
        return self.search.matches(found) and self.search.overlaps(found, self._place)

    @property
    def _sorted_by_start(self) -> bool:
        return self.search.expanded and not self.search.by_update

    @property
    def _place(self) -> tzinfo:
        return known_zone(self.calendar.zone)

    def _by_start(self, key: Key | None) -> Iterator[tuple[Key, Occurrence]]:
        place = self._place
        resume = datetime.fromtimestamp(key[0], UTC) if key else EARLIEST
        stored = (self._start_keyed(found, place) for found in self._stored())
        runs = [
            (self._start_keyed(found, place) for found in self._run(event, max(self._low, resume), self._high(event)))
            for event in self._series()
        ]
        return merge(self._sorted(stored), *runs, key=lambda hit: hit[0])

    def _all_keyed(self) -> Iterator[tuple[Key, Occurrence]]:
        if not self.search.by_update:
            return ((self._place_key(found), found) for found in self._unexpanded())
        found_all: Iterable[Occurrence] = self._unexpanded()
        if self.search.expanded:
            runs = (self._run(event, self._low, self._near_high(event)) for event in self._series())
            found_all = chain(self._stored(), *(islice(run, MOST_AT_ONCE) for run in runs))
        return ((self._update_key(found), found) for found in found_all)

    @staticmethod
    def _place_key(found: Occurrence) -> Key:
        return (found.event.number, found.slot.stamp if found.slot else "")

    @staticmethod
    def _update_key(found: Occurrence) -> Key:
        return (int(found.updated.timestamp() * 1000), found.newest.change, found.id)

    @staticmethod
    def _start_keyed(found: Occurrence, place: tzinfo) -> tuple[Key, Occurrence]:
        return (int(found.start.at(place).timestamp()), found.id), found

    @staticmethod
    def _sorted(hits: Iterable[tuple[Key, Occurrence]]) -> list[tuple[Key, Occurrence]]:
        return sorted(hits, key=lambda hit: hit[0])

    def _unexpanded(self) -> Iterator[Occurrence]:
        """Yield events and series as they are stored, series followed by their changed instances."""
        for event in self.calendar.events.values():
            found = whole(event)
            if self.search.matches(found) and self._touches_window(event, found):
                yield found
            if not event.cancelled:
                yield from self._changed(event)

    def _touches_window(self, event: Event, found: Occurrence) -> bool:
        if event.series is None:
            return self.search.overlaps(found, self._place)
        if self.search.after is None and self.search.before is None:
            return True
        slots = event.series.starts(_earlier(self._low, event.length), self._high(event))
        return any(self.search.overlaps(instance(event, slot), self._place) for slot in slots)

    def _stored(self) -> Iterator[Occurrence]:
        """Yield what stands by itself in an expanded list: single events and changed instances."""
        for event in self.calendar.events.values():
            if event.series is not None:
                yield from self._changed(event)
            elif self.fits(whole(event)):
                yield whole(event)
            if self.search.since is not None:
                yield from self._gone(event)

    def _changed(self, event: Event) -> Iterator[Occurrence]:
        return (found for found in self.calendar.changed_instances(event) if self.fits(found))

    def _series(self) -> list[Event]:
        return [event for event in self.calendar.events.values() if event.series is not None and self._is_run(event)]

    def _is_run(self, event: Event) -> bool:
        # All untouched instances are alike but for their times: one stands for all.
        return self.search.matches(instance(event, whole(event).start))

    def _run(self, event: Event, low: datetime, high: datetime) -> Iterator[Occurrence]:
        """Yield the untouched instances of a series, in order."""
        if event.series is None:
            return
        changed = self.calendar.exceptions.get(event.id, {})
        place = self._place
        for slot in event.series.starts(_earlier(low, event.length), high):
            if slot.at(place) >= high:
                return
            found = instance(event, slot)
            if slot.stamp not in changed and self.search.overlaps(found, place):
                yield found

    def _gone(self, event: Event) -> Iterator[Occurrence]:
        """Yield, as cancelled, the instances that a series had when the client last looked and has no more."""
        formers = [former for former in event.former if former.until_change > (self.search.since or 0)]
        seen = {slot.stamp for slot in self._slots(event, event.series, timedelta())} if formers else set()
        for former in formers:
            for slot in self._slots(event, former.series, former.length):
                if slot.stamp not in seen:
                    seen.add(slot.stamp)
                    fields = {**event.fields, "status": CANCELLED}
                    end = slot.later(former.length)
                    found = Occurrence(event, start=slot, end=end, fields=fields, slot=slot)
                    if self.search.overlaps(found, self._place):
                        yield found

    def _slots(self, event: Event, series: Series | None, length: timedelta) -> Iterator[Moment]:
        if series is None:
            return iter(())
        slots = series.starts(_earlier(self._low, length), self._near_high(event))
        return islice(slots, MOST_AT_ONCE)

    @property
    def _low(self) -> datetime:
        return self.search.after or EARLIEST

    def _high(self, event: Event) -> datetime:
        return self.search.before or self._horizon(event)

    def _near_high(self, event: Event) -> datetime:
        """Where an expansion ends that has to be complete before anything of it can be shown."""
        return min(self._high(event), self._horizon(event))

    def _horizon(self, event: Event) -> datetime:
        start = event.start.at(UTC) if event.start else self.search.now
        begin = max(self.search.now, self._low, start)
        return begin + HORIZON if begin < LATEST - HORIZON else LATEST


def _earlier(moment: datetime, by: timedelta) -> datetime:
    return moment - by if moment - EARLIEST > by else EARLIEST


def _has_property(kept: Mapping[str, str], pair: str) -> bool:
    name, equals, value = pair.partition("=")
    return bool(equals) and kept.get(name) == value


def _has_words(found: Occurrence, text: str) -> bool:
    """Return whether every word occurs somewhere in what can be searched."""
    haystack = " ".join(_searched(found)).casefold()
    return all(word in haystack for word in text.casefold().split())


def _searched(found: Occurrence) -> Iterator[str]:
    fields = found.fields
    yield from (str(fields[name]) for name in SEARCHED if name in fields)
    people = [found.event.organizer, *fields.get("attendees", ())]
    yield from (person[name] for person in people for name in ("displayName", "email") if name in person)
    location: Mapping[str, Any] = fields.get("workingLocationProperties", {})
    for name in ("officeLocation", "customLocation"):
        place = location.get(name) or {}
        yield from (str(value) for value in place.values() if isinstance(value, str))
    if fields.get("eventType") == "outOfOffice":
        yield "Out of office"
