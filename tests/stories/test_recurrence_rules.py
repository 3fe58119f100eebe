"""Two hundred series, changed from one occurrence on in a real calendar, against python-dateutil's expansion."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from mailgrant import Account, Event, Mailgrant
from mailgrant.sandbox import Sandbox

from ..unit.calendar.rules import by_dateutil, some_series
from .people import Person

ADA = "ada@example.com"
RULES = 200
LOOKED_AT = 12
HOUR = timedelta(hours=1)
FAR = timedelta(days=365 * 20)


def starts(ada: Account, series: Event, end: datetime) -> list[datetime]:
    """Return when a series takes place, as Google says, on its own clock."""
    found = [each.start for each in ada.calendar.instances(series, end=end)]
    return [each.replace(tzinfo=None) for each in found if isinstance(each, datetime)]


def expected_of(start: datetime, lines: tuple[str, ...]) -> tuple[list[datetime], datetime]:
    """Return when it should take place, and until when to look so as to see just that."""
    far = (start + FAR).replace(tzinfo=None)
    expected = [each for each in by_dateutil(start, lines)[:LOOKED_AT] if each < far]
    until = expected[-1] + timedelta(minutes=1) if len(expected) == LOOKED_AT else far
    return expected, until.replace(tzinfo=start.tzinfo)


def test_two_hundred_series_keep_their_times_when_what_follows_is_changed(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    with Mailgrant(**office) as mailgrant:
        consent = mailgrant.consents.begin(ADA, "calendar", redirect_uri="http://127.0.0.1:1/")
        mailgrant.consents.complete(person.agree(consent.url))
        ada = mailgrant.account(ADA)
        for start, lines in some_series(RULES):
            expected, end = expected_of(start, lines)
            series = ada.calendar.add(summary="Before", start=start, duration=HOUR, recurrence=lines)
            at = ruled(ada, series, lines, end)

            begun = ada.calendar.edit(at, which="following", summary="After")

            assert begun.id != series.id
            assert isinstance(begun.start, datetime)
            before, after = starts(ada, series, end), starts(ada, begun, end)
            assert before + after == expected, (start, lines)

            ada.calendar.edit(begun, which="all", start=begun.start + HOUR)

            assert starts(ada, begun, end + HOUR) == [each + HOUR for each in after], (start, lines)


def ruled(ada: Account, series: Event, lines: tuple[str, ...], end: datetime) -> Event:
    """Return an occurrence, not the first, that comes of the rule and of no extra date."""
    extra = [each for line in lines if line.startswith("RDATE") for each in line.partition(":")[2].split(",")]
    found = list(ada.calendar.instances(series, end=end))[1:]
    return next(each for each in found if f"{each.start:%Y%m%dT%H%M%S}" not in extra)
