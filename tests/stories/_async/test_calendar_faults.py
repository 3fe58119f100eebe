"""
Every write of Calendar's with its connection cut, its answer ruined, or its work done late: no event twice.

What can be settled by reading back is settled; what cannot raises OutcomeUnknown and is never said again
by itself.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from time import sleep
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mailgrant import AsyncAccount, AsyncMailgrant, Event
from mailgrant.calendar.attendee import Response
from mailgrant.calendar.recurrence import Recurrence
from mailgrant.errors import MailgrantError, NoAnswer, OutcomeUnknown
from mailgrant.sandbox import Sandbox

from ..people import Person

pytestmark = pytest.mark.anyio

ADA = "ada@example.com"
GRACE = "grace@example.com"
MONDAY = datetime(2030, 3, 4, 18, tzinfo=ZoneInfo("Europe/London"))
HOUR = timedelta(hours=1)
FAR = datetime(2031, 1, 1, tzinfo=UTC)
LATE = "150ms"

FAULTS: dict[str, dict[str, Any]] = {
    "cut before": {"drop": "before"},
    "cut after": {"drop": "after"},
    "late": {"late": LATE},
    "5xx": {"status": 503},
    "truncated": {"truncate": True},
    "not JSON": {"corrupt": True},
}

CUTS = {name: FAULTS[name] for name in ("cut before", "cut after", "late")}

# What is not done where the answer is lost.
UNDONE = {"cut before", "5xx"}
DONE_OR_NOT = {name: (fault, name not in UNDONE) for name, fault in FAULTS.items()}

Diary = list[tuple[str, str]]
Act = Callable[[AsyncAccount, list[Event]], Awaitable[object]]


async def granted(mailgrant: AsyncMailgrant, person: Person, address: str = ADA) -> AsyncAccount:
    consent = await mailgrant.consents.begin(address, "calendar", redirect_uri="http://127.0.0.1:1/")
    await mailgrant.consents.complete(person.agree(consent.url))
    return mailgrant.account(address)


@pytest.fixture
async def mailgrant(office: dict[str, Any]) -> AsyncIterator[AsyncMailgrant]:
    """A Mailgrant of this test's own."""
    async with AsyncMailgrant(**office) as opened:
        yield opened


@pytest.fixture
async def ada(mailgrant: AsyncMailgrant, person: Person) -> AsyncAccount:
    """Ada, who has said yes to the whole calendar."""
    return await granted(mailgrant, person)


async def rehearsals(ada: AsyncAccount) -> list[Event]:
    """Add a rehearsal for four weeks and return its occurrences."""
    weekly = Recurrence.weekly("MO", count=4)
    series = await ada.calendar.add(summary="Rehearsal", start=MONDAY, duration=HOUR, recurrence=weekly)
    return [each async for each in ada.calendar.instances(series)]


async def diary(ada: AsyncAccount) -> Diary:
    """Return what is in the diary, each event by its name and its day."""
    found = [each async for each in ada.calendar.events(MONDAY - HOUR, FAR)]
    return [(each.summary, f"{each.start:%m-%d}") for each in found]


def wait_for_late_work(fault: dict[str, Any]) -> None:
    """Return when nothing that was put off is still to come."""
    if "late" in fault:
        sleep(0.25)


def weeks(*names: str) -> Diary:
    return list(zip(names, ("03-04", "03-11", "03-18", "03-25"), strict=True))


async def add(ada: AsyncAccount, found: list[Event]) -> object:
    return await ada.calendar.add(summary="Lunch", start=MONDAY - HOUR, duration=HOUR / 2)


async def edit(ada: AsyncAccount, found: list[Event]) -> object:
    return await ada.calendar.edit(found[1], summary="Late")


async def edit_all(ada: AsyncAccount, found: list[Event]) -> object:
    return await ada.calendar.edit(found[1], which="all", summary="Late")


async def edit_following(ada: AsyncAccount, found: list[Event]) -> object:
    return await ada.calendar.edit(found[2], which="following", summary="Late")


async def delete(ada: AsyncAccount, found: list[Event]) -> object:
    return await ada.calendar.delete(found[1])


async def delete_following(ada: AsyncAccount, found: list[Event]) -> object:
    return await ada.calendar.delete(found[2], which="following")


async def delete_all(ada: AsyncAccount, found: list[Event]) -> object:
    return await ada.calendar.delete(found[2], which="all")


R = "Rehearsal"
WRITES: list[tuple[str, str, Act, Diary]] = [
    ("add", "insert", add, [("Lunch", "03-04"), *weeks(R, R, R, R)]),
    ("edit", "patch", edit, weeks(R, "Late", R, R)),
    ("edit all", "patch", edit_all, weeks("Late", "Late", "Late", "Late")),
    ("edit following, beginning the new", "insert", edit_following, weeks(R, R, "Late", "Late")),
    ("edit following, ending the old", "patch", edit_following, weeks(R, R, "Late", "Late")),
    ("delete", "delete", delete, [*weeks(R, R, R, R)[:1], *weeks(R, R, R, R)[2:]]),
    ("delete following", "patch", delete_following, weeks(R, R, R, R)[:2]),
    ("delete all", "delete", delete_all, []),
]


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize(("method", "act", "after"), [case[1:] for case in WRITES], ids=[case[0] for case in WRITES])
async def test_a_write_whose_answer_was_lost_is_settled_by_reading_back(
    sandbox: Sandbox, ada: AsyncAccount, method: str, act: Act, after: Diary, fault: dict[str, Any]
) -> None:
    found = await rehearsals(ada)
    sandbox.fault(f"calendar.events.{method}", **fault)

    await act(ada, found)
    wait_for_late_work(fault)

    assert await diary(ada) == after
    assert len(list(sandbox.faults)) == 0


@pytest.mark.parametrize("fault", CUTS.values(), ids=CUTS)
@pytest.mark.parametrize(("method", "act", "after"), [case[1:] for case in WRITES], ids=[case[0] for case in WRITES])
async def test_a_write_that_google_never_answers_may_be_said_again_and_is_done_once(
    sandbox: Sandbox, ada: AsyncAccount, method: str, act: Act, after: Diary, fault: dict[str, Any]
) -> None:
    found = await rehearsals(ada)
    sandbox.fault(f"calendar.events.{method}", **fault, times=3)
    lunch = Event("Lunch", start=MONDAY - HOUR, duration=HOUR / 2, id="lunch0lunch0lunch0")

    async def again() -> object:
        return await (ada.calendar.add(lunch) if act is add else act(ada, found))

    try:
        await again()
    except OutcomeUnknown as unknown:
        assert unknown.operation == f"calendar.events.{method}"
        sandbox.faults.clear()
        wait_for_late_work(fault)
        await said_again(again)
    wait_for_late_work(fault)

    assert await diary(ada) == after


async def said_again(again: Callable[[], Awaitable[object]]) -> None:
    """Say it again; that it is done already, or is not as it was read any more, is an answer too."""
    try:
        await again()
    except MailgrantError as error:
        assert type(error).__name__ in {"NotFound", "ChangedMeanwhile"}, error


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_an_answer_to_an_invitation_survives_a_lost_answer(
    sandbox: Sandbox, mailgrant: AsyncMailgrant, ada: AsyncAccount, person: Person, fault: dict[str, Any]
) -> None:
    grace = await granted(mailgrant, person, GRACE)
    lunch = await ada.calendar.add(summary="Lunch", start=MONDAY, attendees=[GRACE])
    assert lunch.id is not None
    sandbox.fault("calendar.events.patch", **fault)

    await grace.calendar.respond(lunch.id, "accepted")

    assert [each.response for each in (await ada.calendar.get(lunch.id)).attendees] == [Response.ACCEPTED]


@pytest.mark.parametrize(("fault", "there"), DONE_OR_NOT.values(), ids=DONE_OR_NOT)
async def test_a_sentence_whose_answer_was_lost_is_unknown_and_not_said_again(
    sandbox: Sandbox, ada: AsyncAccount, fault: dict[str, Any], there: bool
) -> None:
    before = sandbox.clock.now()
    sandbox.fault("calendar.events.quickAdd", **fault)

    with pytest.raises(OutcomeUnknown) as caught:
        await ada.calendar.quick_add("Lunch tomorrow at noon")
    wait_for_late_work(fault)

    found = [each async for each in ada.calendar.events(before)]
    assert len(found) == int(there)
    assert "Look in the calendar" in caught.value.hint


@pytest.mark.parametrize(("fault", "moved"), DONE_OR_NOT.values(), ids=DONE_OR_NOT)
async def test_a_move_whose_answer_was_lost_is_unknown_and_not_said_again(
    sandbox: Sandbox, ada: AsyncAccount, fault: dict[str, Any], moved: bool
) -> None:
    work = secondary_calendar(sandbox, "Work")
    lunch = await ada.calendar.add(summary="Lunch", start=MONDAY)
    sandbox.fault("calendar.events.move", **fault)

    with pytest.raises(OutcomeUnknown) as caught:
        await ada.calendar.move(lunch, work)
    wait_for_late_work(fault)

    there = [each.summary async for each in ada.calendar.events(MONDAY - HOUR, FAR, calendar=work)]
    here = await diary(ada)
    assert (len(there), len(here)) == ((1, 0) if moved else (0, 1))
    assert "both calendars" in caught.value.hint


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_a_watch_whose_answer_was_lost_is_unknown_and_its_end_is_said_again(
    sandbox: Sandbox, ada: AsyncAccount, fault: dict[str, Any]
) -> None:
    watch = await ada.calendar.watch("http://127.0.0.1:1/hook")
    assert sandbox.channels.find(watch.id) is not None
    sandbox.fault("calendar.channels.stop", **fault)
    await ada.calendar.stop_watching(watch)
    wait_for_late_work(fault)

    assert sandbox.channels.find(watch.id) is None
    sandbox.fault("calendar.events.watch", **fault)
    with pytest.raises(OutcomeUnknown) as caught:
        await ada.calendar.watch("http://127.0.0.1:1/hook")

    assert "Open another one" in caught.value.hint


async def test_an_event_is_moved_to_another_calendar(sandbox: Sandbox, ada: AsyncAccount) -> None:
    work = secondary_calendar(sandbox, "Work")
    lunch = await ada.calendar.add(summary="Lunch", start=MONDAY)

    moved = await ada.calendar.move(lunch, work)

    assert moved.id == lunch.id
    assert await diary(ada) == []


async def test_a_question_asked_by_post_is_asked_again(sandbox: Sandbox, ada: AsyncAccount) -> None:
    sandbox.fault("calendar.freebusy.query", drop="after")

    assert await ada.calendar.free_busy(ADA, MONDAY, FAR) == {ADA: ()}

    sandbox.fault("calendar.freebusy.query", drop="after", times=3)
    with pytest.raises(NoAnswer):
        await ada.calendar.free_busy(ADA, MONDAY, FAR)


def secondary_calendar(sandbox: Sandbox, name: str) -> str:
    """Give Ada another calendar and return its id."""
    person = sandbox.people.find(ADA)
    assert person is not None
    return person.diary.open_secondary({"summary": name}, zone="UTC").id
