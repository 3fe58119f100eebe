"""Rules of all kinds, made by chance but always the same ones, and what python-dateutil makes of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from dateutil.rrule import rruleset, rrulestr

LONDON = ZoneInfo("Europe/London")
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
# So many occurrences of a series are looked at.
SEEN = 60


def numbers(chance: random.Random, among: list[int], most: int = 3) -> str:
    return ",".join(map(str, chance.sample(among, chance.randint(1, most))))


def some_days(chance: random.Random, frequency: str) -> str:
    if frequency in {"MONTHLY", "YEARLY"} and chance.random() < 0.7:
        if chance.random() < 0.5:
            return f";BYMONTHDAY={numbers(chance, [1, 2, 15, 28, 29, 30, 31, -1, -2, -31])}"
        return f";BYDAY={chance.choice([1, 2, 3, 4, 5, -1, -2])}{chance.choice(WEEKDAYS)}"
    if frequency == "YEARLY" and chance.random() < 0.5:
        return f";BYYEARDAY={numbers(chance, [1, 60, 100, 366, -1, -366])}"
    return f";BYDAY={','.join(chance.sample(WEEKDAYS, chance.randint(1, 4)))}"


def some_rule(chance: random.Random) -> str:
    frequency = chance.choice(["YEARLY", "MONTHLY", "WEEKLY", "DAILY"])
    rule = f"FREQ={frequency}"
    if chance.random() < 0.5:
        rule += f";INTERVAL={chance.randint(1, 5)}"
    if chance.random() < 0.3:
        rule += f";BYMONTH={numbers(chance, [1, 3, 5, 7, 8, 12])}"
    if chance.random() < 0.7:
        rule += some_days(chance, frequency)
        # python-dateutil counts positions in the first week from the start on, RFC 5545 in all of it.
        if frequency != "WEEKLY" and chance.random() < 0.2:
            rule += f";BYSETPOS={numbers(chance, [1, 2, -1], 2)}"
    if chance.random() < 0.2:
        rule += f";WKST={chance.choice(WEEKDAYS)}"
    return rule + some_end(chance)


def some_end(chance: random.Random) -> str:
    ends = chance.random()
    if ends < 0.3:
        return f";COUNT={chance.randint(2, 30)}"
    return f";UNTIL={chance.randint(2031, 2036)}0630T120000Z" if ends < 0.5 else ""


def some_series(count: int) -> Iterator[tuple[datetime, tuple[str, ...]]]:
    """Yield so many series that take place at least three times, with days taken out and put in."""
    chance = random.Random(20260302)
    while count:
        start = datetime(2026, 1, 1, 18, 30, tzinfo=LONDON) + timedelta(days=chance.randint(0, 700))
        rule = some_rule(chance)
        walls = list(islice(rrulestr(rule.replace("Z", ""), dtstart=start.replace(tzinfo=None)), 5))
        if len(walls) < 3:
            continue
        lines = [f"RRULE:{rule}"]
        if chance.random() < 0.4:
            lines.append(f"EXDATE;TZID=Europe/London:{walls[1]:%Y%m%dT%H%M%S},{walls[-1]:%Y%m%dT%H%M%S}")
        if chance.random() < 0.3:
            lines.append(f"RDATE;TZID=Europe/London:{walls[0] + timedelta(days=3, hours=1):%Y%m%dT%H%M%S}")
        count -= 1
        yield start, tuple(lines)


def by_dateutil(start: datetime, lines: tuple[str, ...]) -> list[datetime]:
    """Expand a series as python-dateutil does, on the wall clock."""
    wall = start.replace(tzinfo=None)
    expanded = rruleset()
    for line in lines:
        name, _, value = line.partition(":")
        if name == "RRULE":
            expanded.rrule(rrulestr(on_the_wall(value), dtstart=wall))
        for stamp in value.split(",") if name != "RRULE" else ():
            put = expanded.rdate if name.startswith("RDATE") else expanded.exdate
            put(wall_of(stamp))
    return list(islice(expanded, SEEN))


def on_the_wall(rule: str) -> str:
    """Put a rule's UNTIL on London's clock."""
    parts = dict(part.split("=") for part in rule.split(";"))
    if "UNTIL" in parts:
        parts["UNTIL"] = f"{wall_of(parts['UNTIL']):%Y%m%dT%H%M%S}"
    return ";".join(f"{name}={value}" for name, value in parts.items())


def wall_of(stamp: str) -> datetime:
    moment = datetime.fromisoformat(stamp)
    return moment if moment.tzinfo is None else moment.astimezone(LONDON).replace(tzinfo=None)
