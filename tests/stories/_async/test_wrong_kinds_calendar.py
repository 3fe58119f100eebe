"""What is of the wrong kind for a calendar is refused with an exact error, before anything is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mailgrant import AsyncMailgrant
from mailgrant.errors import InvalidRequest
from mailgrant.sandbox import Sandbox

from ..people import Person

pytestmark = pytest.mark.anyio

ADA = "ada@example.com"
NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = (NOON, NOON + timedelta(days=1))
HOOK = "https://example.com/hook"


async def listed(events: AsyncIterator[Any]) -> list[Any]:
    return [each async for each in events]


# `Any`: a type checker would say it before we do.
MISTAKES: dict[str, tuple[Callable[[Any], Awaitable[Any]], str]] = {
    "a count in words": (lambda ada: ada.upcoming("3"), "count: '3' is no number"),
    "a count below nothing": (lambda ada: ada.upcoming(-1), "count: -1 is no number"),
    "a calendar that is a number": (lambda ada: ada.upcoming(calendar=3), "3 is not an id"),
    "a calendar without a name": (lambda ada: ada.upcoming(calendar=""), "'' is not an id"),
    "a start that is a text": (lambda ada: listed(ada.events("2026-03-05")), "start: '2026-03-05' is neither"),
    "a start that is naive": (lambda ada: listed(ada.events(NOON.replace(tzinfo=None))), "start: .* no time zone"),
    "a start that is a day": (lambda ada: listed(ada.events(NOON.date())), "start: .* is a day"),
    "an end that is a number": (lambda ada: listed(ada.events(NOON, 3)), "end: 3 is neither"),
    "an end before the start": (lambda ada: listed(ada.events(NOON, NOON - HOUR)), "before it begins"),
    "words that are a number": (lambda ada: listed(ada.events(NOON, query=3)), "query: 3 is no text"),
    "a series that is a number": (lambda ada: listed(ada.instances(3)), "3 is not an event"),
    "a series from a text on": (lambda ada: listed(ada.instances("weekly", "today")), "start: 'today' is neither"),
    "a cursor that is a number": (lambda ada: ada.changes(3), "no cursor"),
    "a cursor that is empty": (lambda ada: ada.changes(""), "no cursor"),
    "an event that is a number": (lambda ada: ada.get(3), "3 is not an event"),
    "an event that is nothing": (lambda ada: ada.get(None), "None is not an event"),
    "an event without an id": (lambda ada: ada.get(""), "no id"),
    "an event to add that is a text": (lambda ada: ada.add("Lunch"), "'Lunch' is not an Event"),
    "an event without a start": (lambda ada: ada.add(summary="Lunch"), "no start"),
    "a name that is a number": (lambda ada: ada.add(summary=3, start=NOON), "summary: 3 is no text"),
    "a guest who is a number": (lambda ada: ada.add(summary="Lunch", start=NOON, attendees=3), "attendees: 3"),
    "a guest who is nobody": (lambda ada: ada.add(start=NOON, attendees="grace at home"), "attendees"),
    "a field that is misspelt": (lambda ada: ada.add(start=NOON, sumary="Lunch"), "sumary is no field"),
    "an id that is a number": (lambda ada: ada.add(start=NOON, id=12345), "12345 cannot be the id"),
    "mailing whom there is not": (lambda ada: ada.add(start=NOON, send_updates="some"), "send_updates: 'some'"),
    "mailing a number": (lambda ada: ada.add(start=NOON, send_updates=3), "send_updates: 3"),
    "a sentence that is a number": (lambda ada: ada.quick_add(3), "text: there is nothing"),
    "an edit of a number": (lambda ada: ada.edit(3, summary="Lunch"), "3 is not an event"),
    "an edit of none of them": (lambda ada: ada.edit("lunch", which="some", summary="A"), "which: 'some'"),
    "an edit of a list of them": (lambda ada: ada.edit("lunch", which=["all"], summary="A"), "which: "),
    "an edit that is misspelt": (lambda ada: ada.edit("lunch", sumary="Lunch"), "sumary is no field"),
    "a place to move to that is a number": (lambda ada: ada.move("lunch", 3), "3 is not an id"),
    "a place to move to that is empty": (lambda ada: ada.move("lunch", ""), "'' is not an id"),
    "an answer that is none": (lambda ada: ada.respond("lunch", "perhaps"), "response: 'perhaps' is none"),
    "an answer that is nothing": (lambda ada: ada.respond("lunch", None), "response: None is none"),
    "a comment that is a number": (lambda ada: ada.respond("lunch", "accepted", comment=3), "comment: 3 is no text"),
    "a deletion of nothing": (lambda ada: ada.delete(None), "None is not an event"),
    "nobody who is busy": (lambda ada: ada.free_busy([], *DAY), "nobody is named"),
    "busy from a text on": (lambda ada: ada.free_busy(ADA, "today", NOON), "start: 'today' is neither"),
    "a meeting of sixty": (lambda ada: ada.first_free(ADA, 60, DAY), "duration: 60 is no length"),
    "a meeting between one moment": (lambda ada: ada.first_free(ADA, HOUR, NOON), "not two moments"),
    "hours that are a text": (lambda ada: ada.first_free(ADA, HOUR, DAY, hours="9-17"), "no hours"),
    "an address to tell that is a number": (lambda ada: ada.watch(3), "address: 3 is no https"),
    "an address to tell that is bytes": (lambda ada: ada.watch(HOOK.encode()), "is no https"),
    "a token that is a number": (lambda ada: ada.watch(HOOK, token=3), "token: it is no text"),
    "a channel that lasts three": (lambda ada: ada.watch(HOOK, lasting=3), "lasting: 3 is no length"),
    "a channel that is its id": (lambda ada: ada.stop_watching("abc"), "'abc' is no Watch"),
}


@pytest.mark.parametrize(("wrong", "says"), MISTAKES.values(), ids=MISTAKES)
async def test_what_is_of_the_wrong_kind_for_a_calendar_is_refused(
    sandbox: Sandbox,
    office: dict[str, Any],
    person: Person,
    wrong: Callable[[Any], Awaitable[Any]],
    says: str,
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        consent = await mailgrant.consents.begin(ADA, "calendar", redirect_uri="http://127.0.0.1:1/")
        await mailgrant.consents.complete(person.agree(consent.url))
        sandbox.journal.clear()
        with pytest.raises(InvalidRequest, match=says):
            await wrong(mailgrant.account(ADA).calendar)

    assert sandbox.requests == []
