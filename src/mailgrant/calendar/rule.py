"""
Rule: one RRULE, read and checked (RFC 5545 §3.3.10).

Only frequencies of a day and more are known, as in Google's calendar. `rule_walk` says when a rule
makes a series take place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from mailgrant.errors import InvalidRequest

Parts: TypeAlias = tuple[tuple[str, str], ...]

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
# What each list of numbers may hold, without its sign; the last word says whether a sign is allowed.
NUMBERS = {
    "BYSECOND": (0, 59, False),
    "BYMINUTE": (0, 59, False),
    "BYHOUR": (0, 23, False),
    "BYMONTHDAY": (1, 31, True),
    "BYYEARDAY": (1, 366, True),
    "BYWEEKNO": (1, 53, True),
    "BYMONTH": (1, 12, False),
    "BYSETPOS": (1, 366, True),
}
KNOWN = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", *NUMBERS}
# RFC 5545: these filters have no meaning at these frequencies.
MEANINGLESS = {
    "YEARLY": set(),
    "MONTHLY": {"BYYEARDAY", "BYWEEKNO"},
    "WEEKLY": {"BYYEARDAY", "BYWEEKNO", "BYMONTHDAY"},
    "DAILY": {"BYYEARDAY", "BYWEEKNO"},
}
DAYS_OF = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
EARLIEST_YEAR = 1583
BYDAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
WHEN = re.compile(r"\d{8}(T\d{6}Z?)?")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as its parts in their order, each a name and a value in capitals."""

    parts: Parts

    @classmethod
    def read(cls, text: str) -> Rule:
        """Read what stands behind `RRULE:`; raises InvalidRequest, which says what is wrong, for anything else."""
        rule = cls(_split(text))
        _check(rule)
        return rule

    def __str__(self) -> str:
        return ";".join(f"{name}={value}" for name, value in self.parts)

    def get(self, name: str) -> str | None:
        """Return the value of a part."""
        return dict(self.parts).get(name)

    def changed(self, **changes: str | None) -> Rule:
        """Return the rule with some parts changed; None takes one out."""
        kept = {**dict(self.parts), **changes}
        return Rule(tuple((name, value) for name, value in kept.items() if value is not None))

    @property
    def frequency(self) -> str:
        """YEARLY, MONTHLY, WEEKLY or DAILY."""
        return self.get("FREQ") or ""

    @property
    def interval(self) -> int:
        """Every how manieth year, month, week or day."""
        return int(self.get("INTERVAL") or 1)

    @property
    def count(self) -> int | None:
        """After how many times it ends."""
        count = self.get("COUNT")
        return None if count is None else int(count)

    @property
    def filters(self) -> frozenset[str]:
        """The names of the BY parts; without any, the start says on which days it happens, and when."""
        return frozenset(name for name, _ in self.parts if name.startswith("BY"))

    def numbers(self, name: str) -> frozenset[int]:
        """Return a part that is a list of numbers."""
        text = self.get(name)
        return frozenset() if text is None else frozenset(map(int, text.split(",")))

    def weekdays(self) -> frozenset[tuple[int, int]]:
        """Return BYDAY as weekdays from Monday, 0, each with the number that counts it, 0 for each of them."""
        text = self.get("BYDAY")
        items = [] if text is None else text.split(",")
        return frozenset((WEEKDAYS.index(item[-2:]), int(item[:-2] or 0)) for item in items)


def impossible(message: str) -> InvalidRequest:
    """Return the error for a rule that cannot be."""
    return InvalidRequest(f"recurrence: {message}.", hint="A rule looks like RRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=10.")


def _split(text: str) -> Parts:
    parts: dict[str, str] = {}
    for part in text.strip().rstrip(";").upper().split(";"):
        name, equals, value = part.partition("=")
        if not equals or name not in KNOWN:
            raise impossible(f"{part!r} is no part of a rule")
        if name in parts:
            raise impossible(f"{name} stands twice in {text!r}")
        parts[name] = value
    return tuple(parts.items())


def _check(rule: Rule) -> None:
    parts = dict(rule.parts)
    if parts.get("FREQ") not in MEANINGLESS:
        raise impossible(f"FREQ is one of {', '.join(MEANINGLESS)}, not {parts.get('FREQ', 'missing')}")
    if {"COUNT", "UNTIL"} <= parts.keys():
        raise impossible("a rule ends by COUNT or by UNTIL, not by both")
    for name, value in rule.parts:
        _check_part(rule, name, value)
    others = {*NUMBERS, "BYDAY"} - {"BYSETPOS"}
    if "BYSETPOS" in parts and not others & parts.keys():
        raise impossible("BYSETPOS chooses among what another BY part gives")
    _check_possible(rule, parts)


def _check_part(rule: Rule, name: str, value: str) -> None:
    if name in MEANINGLESS[rule.frequency]:
        raise impossible(f"{name} means nothing in a rule that is {rule.frequency}")
    if name in NUMBERS:
        low, high, signed = NUMBERS[name]
        pattern = r"[+-]?\d{1,3}" if signed else r"\d{1,3}"
        for item in value.split(","):
            if not re.fullmatch(pattern, item, re.ASCII) or not low <= abs(int(item)) <= high:
                raise impossible(f"{name}={item} is not between {low} and {high}")
    elif name in {"COUNT", "INTERVAL"}:
        if not re.fullmatch(r"\d{1,5}", value, re.ASCII) or not int(value):
            raise impossible(f"{name}={value} is not a number from 1 on")
    elif name == "WKST" and value not in WEEKDAYS:
        raise impossible(f"WKST={value} is not a weekday such as MO")
    elif name == "UNTIL":
        read_wall(value)
    elif name == "BYDAY":
        _check_weekdays(value, rule)


def _check_weekdays(value: str, rule: Rule) -> None:
    most = 53 if rule.frequency == "YEARLY" and not rule.get("BYMONTH") else 5
    for item in value.split(","):
        found = BYDAY.fullmatch(item)
        if found is None:
            raise impossible(f"BYDAY={item} is not a weekday such as MO or 2TU")
        if found[1] is None:
            continue
        if rule.frequency not in {"MONTHLY", "YEARLY"} or rule.get("BYWEEKNO"):
            raise impossible(f"BYDAY={item} counts weekdays, which only a rule of months or years can")
        if not 1 <= abs(int(found[1])) <= most:
            raise impossible(f"BYDAY={item} is a weekday that never comes")


def _check_possible(rule: Rule, parts: Mapping[str, str]) -> None:
    """Refuse the 30th of February and its like, which every start would wait for in vain."""
    months, days = rule.numbers("BYMONTH"), rule.numbers("BYMONTHDAY")
    if months and days and not any(abs(day) <= DAYS_OF[month - 1] for month in months for day in days):
        raise impossible(f"day {parts['BYMONTHDAY']} of month {parts['BYMONTH']} is in no year")


def read_wall(text: str) -> datetime:
    """Read a DATE or DATE-TIME of RFC 5545 as it stands, a day as its midnight; raises InvalidRequest."""
    if not WHEN.fullmatch(text):
        raise impossible(f"{text!r} is not a time such as 20260305 or 20260305T120000Z")
    try:
        wall = datetime.fromisoformat(text.rstrip("Z"))
    except ValueError:
        raise impossible(f"{text!r} is not in the calendar") from None
    if wall.year < EARLIEST_YEAR:
        raise impossible(f"{text!r} is not in the calendar")
    return wall
