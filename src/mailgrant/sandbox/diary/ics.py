"""
Reading .ics files (RFC 5545) as Google's Event JSON.

Events only; to-dos, alarms and the definitions of zones are passed over, and zones go by their IANA
names. An instance that was moved becomes an event of its own, and its series leaves that day out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

FOLD = re.compile(r"\r?\n[ \t]")
# A parameter's value may be quoted, and then hold colons and semicolons.
NAME = re.compile(r'([\w-]+)((?:;[\w-]+=(?:"[^"]*"|[^;:"]*))*):(.*)', re.DOTALL)
PARAMETER = re.compile(r';([\w-]+)=(?:"([^"]*)"|([^;:"]*))')
ESCAPE = re.compile(r"\\(.)")
DURATION = re.compile(r"(-?)P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
SERIES = ("RRULE", "RDATE", "EXDATE")
TEXTS = {"SUMMARY": "summary", "DESCRIPTION": "description", "LOCATION": "location"}
CLASSES = {"PUBLIC": "public", "PRIVATE": "private", "CONFIDENTIAL": "confidential"}
ANSWERS = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "tentative"}


@dataclass(frozen=True, slots=True)
class Property:
    """One line of a file, unfolded."""

    name: str
    parameters: Mapping[str, str] = field(kw_only=True)
    value: str = field(kw_only=True)
    line: int = field(kw_only=True)

    @property
    def text(self) -> str:
        """The value with its escapes undone."""
        return ESCAPE.sub(lambda found: "\n" if found[1] in "nN" else found[1], self.value)

    def rewritten(self) -> str:
        """The property as Google's `recurrence` holds it."""
        given = "".join(f";{name}={value}" for name, value in self.parameters.items())
        return f"{self.name}{given}:{self.value}"


@dataclass(frozen=True, slots=True)
class FoundEvent:
    """One event; `line` is where it begins."""

    body: dict[str, Any]
    line: int = field(kw_only=True)


def read_ics(text: str) -> list[FoundEvent]:
    """Return the events of a file; raises ValueError naming the line that cannot be read."""
    properties = list(_properties(text))
    if not properties or (properties[0].name, properties[0].value.upper()) != ("BEGIN", "VCALENDAR"):
        raise ValueError("line 1: an .ics file begins with BEGIN:VCALENDAR")
    groups = list(_groups(properties))
    left_out: dict[str, list[str]] = {}
    for group in groups:
        moved = _first(group, "RECURRENCE-ID")
        if moved is not None:
            instead = Property("EXDATE", parameters=moved.parameters, value=moved.value, line=moved.line)
            left_out.setdefault(_value(group, "UID"), []).append(instead.rewritten())
    return [FoundEvent(_event(group, left_out), line=group[0].line) for group in groups]


def _properties(text: str) -> Iterator[Property]:
    line = 1
    for written in re.split(r"\r?\n(?![ \t])", text):
        if written.strip():
            found = NAME.fullmatch(FOLD.sub("", written))
            if found is None:
                raise ValueError(f"line {line}: {written.strip()[:40]!r} is not NAME:VALUE")
            parameters = {name.upper(): quoted or plain for name, quoted, plain in PARAMETER.findall(found[2])}
            yield Property(found[1].upper(), parameters=parameters, value=found[3].strip("\r"), line=line)
        line += written.count("\n") + 1


def _groups(properties: list[Property]) -> Iterator[list[Property]]:
    """Yield the properties of each event, those of its alarms left out."""
    inside: list[str] = []
    group: list[Property] = []
    for found in properties:
        if found.name == "BEGIN":
            inside.append(found.value.upper())
            group = [found] if inside[-1] == "VEVENT" else group
        elif found.name == "END":
            if not inside or inside.pop() != found.value.upper():
                raise ValueError(f"line {found.line}: END:{found.value} closes nothing")
            if found.value.upper() == "VEVENT":
                yield group
        elif inside and inside[-1] == "VEVENT":
            group.append(found)
    if inside:
        raise ValueError(f"line {properties[-1].line}: the file ends inside {inside[-1]}")


def _event(group: list[Property], left_out: Mapping[str, list[str]]) -> dict[str, Any]:
    start = _first(group, "DTSTART")
    if start is None:
        raise ValueError(f"line {group[0].line}: an event has no DTSTART")
    body: dict[str, Any] = {"start": _time(start), "end": _end(group, start)}
    body |= {ours: found.text for name, ours in TEXTS.items() if (found := _first(group, name)) is not None}
    recurrence = [found.rewritten() for found in group if found.name in SERIES]
    if _first(group, "RECURRENCE-ID") is None:
        uid = _value(group, "UID")
        body |= {"iCalUID": uid} if uid else {}
        recurrence += left_out.get(uid, []) if recurrence else []
    body |= {"recurrence": recurrence} if recurrence else {}
    return body | _manner(group)


def _manner(group: list[Property]) -> dict[str, Any]:
    """Return who comes, whether it is settled, and who may know."""
    body: dict[str, Any] = {}
    if _value(group, "STATUS").upper() == "TENTATIVE":
        body["status"] = "tentative"
    if _value(group, "TRANSP").upper() == "TRANSPARENT":
        body["transparency"] = "transparent"
    if _value(group, "CLASS").upper() in CLASSES:
        body["visibility"] = CLASSES[_value(group, "CLASS").upper()]
    guests = [
        _guest(found) for found in group if found.name == "ATTENDEE" and found.value.lower().startswith("mailto:")
    ]
    return body | ({"attendees": guests} if guests else {})


def _guest(found: Property) -> dict[str, Any]:
    answer = ANSWERS.get(found.parameters.get("PARTSTAT", "").upper(), "needsAction")
    name = {"displayName": found.parameters["CN"]} if found.parameters.get("CN") else {}
    return {"email": found.value[len("mailto:") :], "responseStatus": answer, **name}


def _end(group: list[Property], start: Property) -> dict[str, str]:
    """Return the end: told, or by its duration, or a day for a day and nothing for a time (RFC 5545 §3.6.1)."""
    end, lasting = _first(group, "DTEND"), _first(group, "DURATION")
    if end is not None:
        return _time(end)
    begins = _time(start)
    length = _duration(lasting) if lasting is not None else timedelta(days=1 if "date" in begins else 0)
    if "date" in begins:
        return {"date": (datetime.fromisoformat(begins["date"]) + length).date().isoformat()}
    return begins | {"dateTime": (datetime.fromisoformat(begins["dateTime"]) + length).isoformat()}


def _time(found: Property) -> dict[str, str]:
    """Return Google's EventDateTime of a date or a time; one without a zone is in UTC."""
    value = found.value.strip().upper()
    try:
        moment = datetime.strptime(value.removesuffix("Z"), "%Y%m%d" if len(value) == 8 else "%Y%m%dT%H%M%S")  # noqa: DTZ007
    except ValueError as error:
        raise ValueError(f"line {found.line}: {found.name} is not a date or a time: {found.value!r}") from error
    if len(value) == 8:
        return {"date": moment.date().isoformat()}
    zone = "UTC" if value.endswith("Z") else found.parameters.get("TZID", "UTC")
    return {"dateTime": moment.isoformat() + ("Z" if zone == "UTC" else ""), "timeZone": zone}


def _duration(found: Property) -> timedelta:
    match = DURATION.fullmatch(found.value.strip().upper())
    if match is None or not any(match.groups()[1:]):
        raise ValueError(f"line {found.line}: DURATION is not like PT1H30M: {found.value!r}")
    weeks, days, hours, minutes, seconds = (int(number or 0) for number in match.groups()[1:])
    length = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -length if match[1] else length


def _first(group: list[Property], name: str) -> Property | None:
    return next((found for found in group if found.name == name), None)


def _value(group: list[Property], name: str) -> str:
    found = _first(group, name)
    return found.value if found is not None else ""
