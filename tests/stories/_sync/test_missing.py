# Written by scripts/unasync.py from tests/stories/_async/test_missing.py.
# Do not edit: change that file and run `make sync`.
"""What there is not is named, in Gmail and in Calendar, by the sandbox's own refusals."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from mailgrant import Account, Mailgrant
from mailgrant.errors import NotFound

from ..people import Person

pytestmark = pytest.mark.anyio

ADA = "ada@example.com"
SCOPES = "gmail.modify calendar"

ABSENT: dict[str, tuple[Callable[[Account], Awaitable[Any]], str]] = {
    "a message": (lambda ada: ada.gmail.read("19c0000000000000"), "no message '19c0000000000000'"),
    "a message to trash": (lambda ada: ada.gmail.trash("19c0000000000000"), "no message '19c0000000000000'"),
    "a thread": (lambda ada: ada.gmail.thread("19c0000000000000"), "no thread '19c0000000000000'"),
    "a draft": (lambda ada: ada.gmail.read_draft("r-5"), "no draft 'r-5'"),
    "an event": (lambda ada: ada.calendar.get("tea0time"), "no event 'tea0time' in the calendar 'primary'"),
    "an event to change": (lambda ada: ada.calendar.edit("tea0time", summary="A"), "no event 'tea0time'"),
    "a calendar": (lambda ada: ada.calendar.upcoming(calendar="work"), "no calendar 'work'"),
}


@pytest.mark.parametrize(("ask", "says"), ABSENT.values(), ids=ABSENT)
def test_what_there_is_not_is_named(
    office: dict[str, Any], person: Person, ask: Callable[[Account], Awaitable[Any]], says: str
) -> None:
    with Mailgrant(**office) as mailgrant:
        consent = mailgrant.consents.begin(ADA, SCOPES, redirect_uri="http://127.0.0.1:1/")
        mailgrant.consents.complete(person.agree(consent.url))

        with pytest.raises(NotFound, match=f"There is {says}") as caught:
            ask(mailgrant.account(ADA))

    assert caught.value.status == 404
