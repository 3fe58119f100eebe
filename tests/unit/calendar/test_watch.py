"""Watches: channels that are opened, end, and are closed."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mailgrant.calendar.watch import Watch, close_watch, open_watch
from mailgrant.errors import GoogleError, InvalidRequest, NotFound, OutcomeUnknown
from mailgrant.http import Request

Hold = Callable[..., tuple[Any, list[Request]]]

HOOK = "https://app.example.com/hook"
ENDS = datetime(2026, 3, 12, 12, tzinfo=UTC)
WATCH = Watch("channel", "resource", "primary", ENDS)
LOST = OutcomeUnknown("lost", operation="calendar.channels.stop", evidence="cut")
ANSWER = {"id": "channel", "resourceId": "resource", "expiration": str(int(ENDS.timestamp() * 1000))}


def test_a_watch_is_opened_and_says_when_to_renew_it(hold: Hold) -> None:
    call = open_watch(HOOK, channel_id="channel", token="t", lasting=timedelta(days=4), calendar_id="primary")

    watch, (request,) = hold(call, ANSWER)

    assert watch == WATCH
    assert watch.renew_at == ENDS - timedelta(days=1)
    assert request.url.endswith("/calendars/primary/events/watch")
    assert json.loads(request.body) == {
        "id": "channel",
        "type": "web_hook",
        "address": HOOK,
        "token": "t",
        "params": {"ttl": "345600"},
    }


def test_a_watch_is_closed_by_both_its_ids(hold: Hold) -> None:
    _, (request,) = hold(close_watch(WATCH), None)

    assert request.url.endswith("/calendar/v3/channels/stop")
    assert json.loads(request.body) == {"id": "channel", "resourceId": "resource"}


@pytest.mark.parametrize(
    ("where", "options"),
    [
        ("http://app.example.com/hook", {}),
        ("ftp://127.0.0.1/", {}),
        ("https://[", {}),
        ("hook", {}),
        (HOOK, {"token": "x" * 257}),
        (HOOK, {"lasting": timedelta()}),
        (HOOK, {"lasting": 3600}),
    ],
)
def test_what_google_would_refuse_is_refused_before_it_travels(where: str, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        next(open_watch(where, channel_id="channel", calendar_id="primary", **options))


@pytest.mark.parametrize("answer", [{}, {**ANSWER, "expiration": "soon"}, {**ANSWER, "expiration": "9" * 30}])
def test_an_answer_without_what_is_needed_is_an_error(hold: Hold, answer: dict[str, Any]) -> None:
    with pytest.raises(GoogleError, match="did not say"):
        hold(open_watch(HOOK, channel_id="channel", calendar_id="primary"), answer)


def test_a_short_watch_is_renewed_before_it_ends_and_not_before_it_begins(hold: Hold) -> None:
    call = open_watch(HOOK, channel_id="channel", lasting=timedelta(hours=1), calendar_id="primary")

    watch, _ = hold(call, ANSWER)

    assert watch.renew_at == ENDS - timedelta(minutes=15)


def test_a_lost_opening_is_unknown_and_says_what_to_do(hold: Hold) -> None:
    with pytest.raises(OutcomeUnknown) as caught:
        hold(open_watch(HOOK, channel_id="channel", calendar_id="primary"), LOST)

    assert "Open another one" in caught.value.hint


@pytest.mark.parametrize("second", [None, NotFound("gone", status=404)])
def test_a_lost_closing_is_said_again_and_done_once_the_channel_is_gone(hold: Hold, second: Any) -> None:
    _, asked = hold(close_watch(WATCH), LOST, second)

    assert len(asked) == 2


def test_a_closing_that_stays_lost_is_unknown(hold: Hold) -> None:
    with pytest.raises(OutcomeUnknown) as caught:
        hold(close_watch(WATCH), LOST, LOST, LOST)

    assert "again" in caught.value.hint
