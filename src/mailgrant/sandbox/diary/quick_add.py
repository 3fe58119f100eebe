"""
Quick add: an event out of one English sentence, as `events.quickAdd` takes it.

What is understood is a day (today, Friday, next Monday, June 3rd, 2026-06-03), a time or two of them
(noon, 3pm, 15:30, 10am-10:25am, from 3 to 5pm) and a length (for 2 hours); the rest is the summary.
Google's own grammar is not published.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from mailgrant.sandbox.diary.moment import known_zone, written

USUAL_LENGTH = timedelta(hours=1)
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)

DAY_NAME = "|".join(f"{name}|{name[:3]}" for name in DAYS)
MONTH_NAME = "|".join(f"{name}|{name[:3]}" for name in MONTHS)
CLOCK = r"(?:noon|midnight|\d{1,2}(?::\d\d)?\s*(?:am|pm)|\d{1,2}:\d\d)"
BARE = r"(?:noon|midnight|\d{1,2}(?::\d\d)?\s*(?:am|pm)?)"

FLAGS = re.IGNORECASE | re.ASCII
SPAN = re.compile(rf"\b(?:from\s+|at\s+)?(?P<start>{BARE})\s*(?:-|–|to|until|till)\s*(?P<end>{CLOCK})(?!\w)", FLAGS)
AT = re.compile(rf"\b(?:at\s+)?(?P<start>{CLOCK})(?!\w)|\bat\s+(?P<hour>\d{{1,2}})\b(?!\S)", FLAGS)
LENGTH = re.compile(
    r"\bfor\s+(?P<number>\d{1,3}(?:\.\d)?|an?)\s*(?P<unit>hours?|hrs?|h|minutes?|mins?|m|days?)\b", FLAGS
)
ISO = re.compile(r"\b(?:on\s+)?(?P<iso>\d{4}-\d\d-\d\d)\b", FLAGS)
MONTH_FIRST = re.compile(
    rf"\b(?:on\s+)?(?P<month>{MONTH_NAME})\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(?P<year>\d{{4}}))?\b", FLAGS
)
DAY_FIRST = re.compile(
    rf"\b(?:on\s+)?(?:the\s+)?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<month>{MONTH_NAME})"
    r"(?:,?\s+(?P<year>\d{4}))?\b",
    FLAGS,
)
RELATIVE = re.compile(r"\b(?P<relative>today|tonight|tomorrow)\b", FLAGS)
WEEKDAY = re.compile(rf"\b(?:on\s+|this\s+)?(?P<next>next\s+)?(?P<weekday>{DAY_NAME})\b", FLAGS)


@dataclass(slots=True)
class _Sentence:
    """What is left to understand."""

    rest: str

    def take(self, pattern: re.Pattern[str]) -> Mapping[str, str | None] | None:
        """Take out the first thing that a pattern finds, and return its groups."""
        found = pattern.search(self.rest)
        if found is None:
            return None
        self.rest = f"{self.rest[: found.start()]} {self.rest[found.end() :]}"
        return found.groupdict()

    @property
    def summary(self) -> str:
        """What is left, tidied."""
        words = re.sub(r"\s+", " ", self.rest).strip(" ,;-")
        return re.sub(r"\s+(?:on|at|from)$", "", words, flags=FLAGS)


def read_sentence(text: str, now: datetime, zone: str) -> dict[str, Any]:
    """Return the body of the event that a sentence describes, seen from `now` in a zone."""
    place = known_zone(zone)
    local = now.astimezone(place)
    sentence = _Sentence(text)
    length = _length(sentence)
    day = _day(sentence, local.date())
    times = _times(sentence)
    if times is None and day is not None:
        last = day + max(timedelta(days=1), length or timedelta(days=1))
        return _body(sentence, text, {"date": day.isoformat()}, {"date": last.isoformat()})
    if times is None:
        start = local.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        end = start + (length or USUAL_LENGTH)
    else:
        start = datetime.combine(day or local.date(), times[0], place)
        end = datetime.combine(start.date(), times[1], place) if times[1] else start + (length or USUAL_LENGTH)
        end += timedelta(days=1) if end <= start else timedelta()
    return _body(sentence, text, _json(start, zone), _json(end, zone))


def _json(moment: datetime, zone: str) -> dict[str, str]:
    return {"dateTime": written(moment, known_zone(zone)), "timeZone": zone}


def _body(sentence: _Sentence, text: str, start: dict[str, str], end: dict[str, str]) -> dict[str, Any]:
    return {"summary": sentence.summary or text, "start": start, "end": end}


def _length(sentence: _Sentence) -> timedelta | None:
    found = sentence.take(LENGTH)
    if found is None:
        return None
    number = 1.0 if (found["number"] or "").lower().startswith("a") else float(found["number"] or 1)
    unit = (found["unit"] or "").lower()[0]
    seconds = {"h": 3600, "m": 60, "d": 86400}[unit]
    return timedelta(seconds=max(number, 0.1) * seconds)


def _day(sentence: _Sentence, today: date) -> date | None:
    found = sentence.take(ISO)
    if found is not None:
        return _valid_iso(found["iso"] or "", today)
    found = sentence.take(MONTH_FIRST) or sentence.take(DAY_FIRST)
    if found is not None:
        return _named_day(found, today)
    found = sentence.take(RELATIVE)
    if found is not None:
        return today + timedelta(days=(found["relative"] or "").lower() == "tomorrow")
    found = sentence.take(WEEKDAY)
    if found is not None:
        wanted = next(number for number, name in enumerate(DAYS) if name.startswith((found["weekday"] or "").lower()))
        ahead = (wanted - today.weekday()) % 7
        return today + timedelta(days=ahead + (7 if found["next"] or ahead == 0 else 0))
    return None


def _valid_iso(text: str, today: date) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return today


def _named_day(found: Mapping[str, str | None], today: date) -> date:
    month = next(number for number, name in enumerate(MONTHS, 1) if name.startswith((found["month"] or "").lower()))
    try:
        day = date(int(found["year"] or today.year), month, int(found["day"] or 1))
    except ValueError:
        return today
    if found["year"] is None and day < today:
        return day.replace(year=day.year + 1) if (month, day.day) != (2, 29) else today
    return day


def _times(sentence: _Sentence) -> tuple[time, time | None] | None:
    found = sentence.take(SPAN)
    if found is not None:
        end = _time(found["end"] or "")
        start = _time(found["start"] or "", like=found["end"] or "")
        return (start, end) if start is not None and end is not None else None
    found = sentence.take(AT)
    if found is None:
        return None
    start = _time(found["start"] or found["hour"] or "")
    return None if start is None else (start, None)


def _time(text: str, like: str = "") -> time | None:
    """Return the time that a text names; half a day it leaves out is that of `like` (3-5pm)."""
    word = text.lower().replace(" ", "")
    if word in {"noon", "midnight"}:
        return time(12 if word == "noon" else 0)
    half = next((half for half in ("am", "pm") if word.endswith(half)), "")
    hours, _, minutes = word.removesuffix(half).partition(":")
    hour = int(hours)
    half = half or next((other for other in ("am", "pm") if like.lower().endswith(other)), "")
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return time(hour, int(minutes or 0)) if hour < 24 and int(minutes or 0) < 60 else None
