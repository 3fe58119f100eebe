"""Reminders: so long before, by popup or by mail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mailgrant.calendar.reminder import Reminder, as_reminders, reminders_from_json, reminders_to_json
from mailgrant.errors import InvalidRequest

TEN = timedelta(minutes=10)


def test_reminders_go_to_google_and_come_back() -> None:
    reminders = as_reminders([TEN, Reminder(timedelta(weeks=4), by="email")])

    assert reminders_to_json(reminders) == {
        "useDefault": False,
        "overrides": [{"method": "popup", "minutes": 10}, {"method": "email", "minutes": 40_320}],
    }
    assert reminders_from_json(reminders_to_json(reminders)) == reminders


def test_none_is_the_calendars_own_and_nothing_is_none_at_all() -> None:
    assert as_reminders(None) is None
    assert as_reminders(()) == ()
    assert reminders_to_json(None) == {"useDefault": True}
    assert reminders_to_json(()) == {"useDefault": False, "overrides": []}


@pytest.mark.parametrize("before", [timedelta(seconds=30), timedelta(weeks=4, minutes=1), timedelta(minutes=-1)])
def test_a_reminder_at_an_impossible_time_is_refused(before: timedelta) -> None:
    with pytest.raises(InvalidRequest, match="reminders: "):
        Reminder(before)


def test_more_than_five_and_unknown_kinds_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="5 at most"):
        as_reminders([TEN] * 6)
    with pytest.raises(InvalidRequest, match="neither popup nor email"):
        Reminder(TEN, by="sms")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ({"useDefault": True}, None),
        ({"useDefault": False}, ()),
        ({"useDefault": False, "overrides": [7, {"method": "sms", "minutes": 5}, {"minutes": "x"}]}, ()),
    ],
)
def test_what_google_sends_never_raises(value: Any, expected: Any) -> None:
    assert reminders_from_json(value) == expected
