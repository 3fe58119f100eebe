"""Sixty writes to a calendar, a thousand in `make slow`, over a line that breaks as it likes: no event twice."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mailgrant import AsyncAccount, AsyncMailgrant, Event
from mailgrant.calendar.recurrence import Recurrence
from mailgrant.errors import OutcomeUnknown
from mailgrant.sandbox import Sandbox

from .people import Person

ADA = "ada@example.com"
START = datetime(2030, 3, 4, 9, tzinfo=ZoneInfo("Europe/London"))
HOUR = timedelta(hours=1)
METHODS = ("insert", "patch", "delete", "get")
EFFECTS: tuple[dict[str, Any], ...] = (
    {"drop": "before"},
    {"drop": "after"},
    {"late": "30ms"},
    {"status": 500},
    {"truncate": True},
    {"corrupt": True},
)
AT_ONCE = 10


@asynccontextmanager
async def granted(office: dict[str, Any], person: Person) -> AsyncIterator[AsyncAccount]:
    """Ada, who has said yes to the whole calendar."""
    async with AsyncMailgrant(**office) as mailgrant:
        consent = await mailgrant.consents.begin(ADA, "calendar", redirect_uri="http://127.0.0.1:1/")
        await mailgrant.consents.complete(person.agree(consent.url))
        yield mailgrant.account(ADA)


async def insist(write: Any) -> Any:
    """Say a write again until its outcome is known, as a program that was told so would."""
    while True:
        try:
            return await write()
        except OutcomeUnknown:
            continue


async def live(ada: AsyncAccount, number: int) -> None:
    """Let one event be added and changed, and every third one deleted."""
    event = Event(f"Number {number}", start=START + number * HOUR, id=f"number{number:05}")
    await insist(lambda: ada.calendar.add(event))
    await insist(lambda: ada.calendar.edit(f"number{number:05}", location=f"Room {number}"))
    if number % 3 == 0:
        await insist(lambda: deleted(ada, f"number{number:05}"))


async def deleted(ada: AsyncAccount, event_id: str) -> None:
    if (await ada.calendar.get(event_id)).status.value != "cancelled":
        await ada.calendar.delete(event_id)


def break_the_line(sandbox: Sandbox, chance: random.Random, faults: int) -> None:
    """Ask for so many faults, each for one of the next requests of its method."""
    for _ in range(faults):
        method = chance.choice(METHODS[:3])
        sandbox.fault(f"calendar.events.{method}", nth=chance.randint(1, AT_ONCE), **chance.choice(EFFECTS))


async def write_them_all(sandbox: Sandbox, ada: AsyncAccount, number: int) -> None:
    chance = random.Random(number)
    for first in range(0, number, AT_ONCE):
        break_the_line(sandbox, chance, AT_ONCE)
        await asyncio.gather(*(live(ada, each) for each in range(first, min(first + AT_ONCE, number))))
        sandbox.faults.clear()
    # What was put off may still come; it must change nothing.
    await asyncio.sleep(0.1)


async def check(sandbox: Sandbox, office: dict[str, Any], person: Person, number: int) -> None:
    async with granted(office, person) as ada:
        await write_them_all(sandbox, ada, number)
        found = [each async for each in ada.calendar.events(START - HOUR, START + (number + 1) * HOUR)]

    kept = [each for each in range(number) if each % 3]
    assert Counter(each.summary for each in found) == Counter(f"Number {each}" for each in kept)
    assert [each.location for each in found] == [f"Room {each}" for each in kept]


def test_sixty_writes_over_a_breaking_line_leave_each_event_once(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    asyncio.run(check(sandbox, office, person, 24))

    assert sum(entry.method != "calendar.events.get" for entry in sandbox.requests) >= 60


@pytest.mark.slow
def test_a_thousand_writes_over_a_breaking_line_leave_each_event_once(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    asyncio.run(check(sandbox, office, person, 430))


async def at_once(sandbox: Sandbox, office: dict[str, Any], person: Person, drops: int) -> None:
    """Let six programs add the same series, and then change the same occurrence and what follows."""
    weekly = Event("Choir", start=START, recurrence=Recurrence.weekly(count=4), id="choir0choir0")
    async with granted(office, person) as ada:
        added = await asyncio.gather(*(insist(lambda: ada.calendar.add(weekly)) for _ in range(6)))
        third = [each async for each in ada.calendar.instances(added[0])][2]
        break_the_line(sandbox, random.Random(drops), drops)

        async def edit() -> Event:
            return await ada.calendar.edit(str(third.id), which="following", summary="Concert")

        results = await asyncio.gather(*(insist(edit) for _ in range(6)), return_exceptions=True)
        await asyncio.sleep(0.1)
        found = [each.summary async for each in ada.calendar.events(START - HOUR, START + 60 * 24 * HOUR)]

    assert {each.id for each in added} == {"choir0choir0"}
    assert found == ["Choir", "Choir", "Concert", "Concert"], results


@pytest.mark.parametrize("drops", [0, 4, 12])
def test_six_who_say_the_same_at_once_make_it_once(
    sandbox: Sandbox, office: dict[str, Any], person: Person, drops: int
) -> None:
    asyncio.run(at_once(sandbox, office, person, drops))
