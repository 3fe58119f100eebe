"""Series times: when a series begins, and on whose clock, once one of its occurrences is changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timezone
from typing import Any

from .moment import Moment, zone_name
from .recurrence import Recurrence


def on_series_clock(start: Moment | None, changes: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return the changes with times that name a moment, and no place, on the clock of the series.

    A series in London that is moved to 19:00 UTC stays in London: it would else be an hour off once
    the clocks change. A time in a zone with a name, ZoneInfo("UTC") too, takes the series there.
    """
    place = start.tzinfo if isinstance(start, datetime) and zone_name(start) else None
    return {
        name: value.astimezone(place) if name in {"start", "end"} and place and _is_only_a_moment(value) else value
        for name, value in changes.items()
    }


def _is_only_a_moment(value: object) -> bool:
    return isinstance(value, datetime) and isinstance(value.tzinfo, timezone)


def moved(start: Moment, slot: Moment, to: Moment) -> Moment:
    """Return when a series begins whose occurrence at `slot` is to begin at `to`."""
    if isinstance(start, datetime) and isinstance(slot, datetime) and isinstance(to, datetime):
        place = start.tzinfo
        by = to.replace(tzinfo=None) - slot.astimezone(place).replace(tzinfo=None)
        return (start.replace(tzinfo=None) + by).replace(tzinfo=to.tzinfo)
    by = _day(to) - _day(slot)
    first = _day(start) + by
    return datetime.combine(first, to.time(), tzinfo=to.tzinfo) if isinstance(to, datetime) else first


def _day(moment: Moment) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def on_clock_of(start: Moment | None, slot: Moment | None) -> Moment | None:
    """Return the time of an occurrence on the clock of the series that begins at `start`."""
    if isinstance(start, datetime) and isinstance(slot, datetime):
        return slot.astimezone(start.tzinfo)
    return slot


def shifted(recurrence: Recurrence, start: Moment | None, to: Moment | None) -> tuple[str, ...]:
    """Return the lines of a series that began at `start` and is to begin at `to`."""
    if start is None or to is None or (start == to and _zone(start) == _zone(to)):
        return recurrence.lines
    return recurrence.shifted(start, to).fitted(to).lines


def _zone(moment: Moment) -> object:
    return moment.tzinfo if isinstance(moment, datetime) else None
