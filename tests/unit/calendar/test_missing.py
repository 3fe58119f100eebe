"""What is missing is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mailgrant.calendar import calls, writes
from mailgrant.calendar.missing import naming
from mailgrant.errors import NotFound
from mailgrant.http import Call, Request

Hold = Callable[..., tuple[Any, list[Request]]]


def absent(method: str, status: int = 404) -> NotFound:
    return NotFound("Not Found.", status=status, reason="notFound", operation=f"calendar.events.{method}")


@pytest.mark.parametrize(
    ("call", "refused", "said"),
    [
        (naming(calls.list_events("work"), "work"), absent("list"), "no calendar 'work'"),
        (naming(calls.get_event("lunch"), "primary", "lunch"), absent("get"), "no event 'lunch' in the calendar 'prim"),
        (naming(writes.delete_event("lunch"), "primary", "lunch"), absent("delete", 410), "lunch was deleted from"),
        (
            naming(writes.move_event("lunch", "work"), "primary", "lunch", destination="work"),
            absent("move"),
            "no event 'lunch' .* no calendar 'work'",
        ),
    ],
)
def test_what_google_does_not_find_is_named(hold: Hold, call: Call[Any], refused: NotFound, said: str) -> None:
    with pytest.raises(NotFound, match=said) as caught:
        hold(call, refused)

    error = caught.value
    assert (error.status, error.reason, error.operation) == (refused.status, refused.reason, refused.operation)


def test_what_is_named_already_stays_as_it_is(hold: Hold) -> None:
    known = NotFound("The event lunch was deleted.", operation="calendar.events.get")

    with pytest.raises(NotFound) as caught:
        hold(naming(calls.get_event("lunch"), "primary", "lunch"), known)

    assert caught.value is known
