"""Calendar events, added and listed, against the sandbox on a real port."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mailgrant import AsyncAccount, AsyncMailgrant, Event
from mailgrant.errors import InvalidRequest

from ..people import Person

pytestmark = pytest.mark.anyio

ADA = "ada@example.com"
GRACE = "grace@example.com"
LONDON = ZoneInfo("Europe/London")


async def granted(mailgrant: AsyncMailgrant, person: Person) -> AsyncAccount:
    consent = await mailgrant.consents.begin(ADA, "calendar", redirect_uri="http://127.0.0.1:1/")
    await mailgrant.consents.complete(person.agree(consent.url))
    return mailgrant.account(ADA)


async def test_upcoming_events_come_soonest_first(office: dict[str, Any], person: Person) -> None:
    now = datetime.now(UTC)
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        for days in (5, 1, 3):
            begins = now + timedelta(days=days)
            await ada.calendar.add(Event(f"In {days} days", start=begins, duration=timedelta(hours=1)))
        await ada.calendar.add(Event("Yesterday", start=now - timedelta(days=1), duration=timedelta(hours=1)))
        upcoming = await ada.calendar.upcoming(2)
        everything = [event.summary async for event in ada.calendar.events(now)]

    assert [event.summary for event in upcoming] == ["In 1 days", "In 3 days"]
    assert everything == ["In 1 days", "In 3 days", "In 5 days"]


async def test_what_is_upcoming_goes_by_the_clock_that_was_given(office: dict[str, Any], person: Person) -> None:
    now = [datetime.now(UTC)]
    async with AsyncMailgrant(**office, clock=lambda: now[0]) as mailgrant:
        ada = await granted(mailgrant, person)
        for days in (1, 3):
            await ada.calendar.add(Event(f"In {days} days", start=now[0] + timedelta(days=days)))
        now[0] += timedelta(days=2)
        upcoming = await ada.calendar.upcoming()

    assert [event.summary for event in upcoming] == ["In 3 days"]


async def test_an_event_keeps_its_zone_its_guests_and_its_words(office: dict[str, Any], person: Person) -> None:
    noon = datetime(2030, 3, 5, 12, tzinfo=LONDON)
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        added = await ada.calendar.add(
            Event("Mittagessen für zwei", start=noon, duration=timedelta(hours=1), attendees=[GRACE], location="Café")
        )
        assert added.id is not None
        read = await ada.calendar.get(added.id)

    assert (read.summary, read.location, read.start) == ("Mittagessen für zwei", "Café", noon)
    assert read.end == noon + timedelta(hours=1)
    assert [guest.email for guest in read.attendees] == [GRACE]


async def test_an_all_day_event_ends_on_its_last_day(office: dict[str, Any], person: Person) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        added = await ada.calendar.add(Event("Fair", start=date(2030, 3, 5), end=date(2030, 3, 7)))

    assert added.all_day
    assert (added.start, added.end) == (date(2030, 3, 5), date(2030, 3, 7))


async def test_the_same_event_added_twice_is_there_once(office: dict[str, Any], person: Person) -> None:
    begins = datetime.now(UTC) + timedelta(hours=1)
    event = Event("Once", start=begins, duration=timedelta(hours=1), id="once0once0once0")
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        first = await ada.calendar.add(event)
        second = await ada.calendar.add(event)

    assert first.id == second.id == event.id


@pytest.mark.parametrize(
    "fields",
    [
        {"start": datetime(2030, 3, 5, 12), "duration": timedelta(hours=1)},  # noqa: DTZ001 (that is the mistake)
        {"start": datetime(2030, 3, 5, 12, tzinfo=UTC), "end": datetime(2030, 3, 5, 11, tzinfo=UTC)},
        {"start": datetime(2030, 3, 5, 12, tzinfo=UTC), "end": date(2030, 3, 6)},
    ],
    ids=["naive", "ends before it starts", "a moment and a day"],
)
async def test_an_impossible_time_is_an_exact_error(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        Event("Lunch", **fields)


async def test_calendars_are_listed(office: dict[str, Any], person: Person) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        calendars = await ada.calendar.calendars()

    assert [calendar.id for calendar in calendars if calendar.primary] == [ADA]
