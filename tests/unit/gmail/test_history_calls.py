"""Changes of a mailbox and watches: what is read, and what becomes of a lost answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mailgrant.changes import Changes, Gap
from mailgrant.errors import InvalidRequest, OutcomeUnknown
from mailgrant.gmail import history_calls
from mailgrant.gmail.history import Watch
from mailgrant.http import Call, Request

Hold = Callable[..., tuple[Any, list[Request]]]

ENDS = datetime(2026, 3, 12, 12, tzinfo=UTC)
ANSWER = {"historyId": "7", "expiration": str(int(ENDS.timestamp() * 1000))}
LOST = OutcomeUnknown("lost", operation="gmail.users.watch", evidence="cut")


def test_changes_are_walked_and_counted_and_their_gap_is_found() -> None:
    gap = Gap("1", "too old")

    changes = Changes((gap,), "7")

    assert (list(changes), len(changes), changes.gap) == ([gap], 1, gap)
    assert Changes((), "7").gap is None


def test_a_watch_is_renewed_a_day_after_it_began() -> None:
    assert Watch("7", ENDS).renew_at == ENDS - timedelta(days=6)


def test_a_lost_answer_to_a_watch_is_asked_for_again(hold: Hold) -> None:
    watch, asked = hold(history_calls.watch("projects/mine/topics/mail"), LOST, ANSWER)

    assert watch == Watch("7", ENDS)
    assert len(asked) == 2


@pytest.mark.parametrize("call", [history_calls.watch("projects/mine/topics/mail"), history_calls.stop()])
def test_what_stays_lost_is_unknown_and_may_be_said_again(hold: Hold, call: Call[Any]) -> None:
    with pytest.raises(OutcomeUnknown) as caught:
        hold(call, LOST, LOST, LOST)

    assert caught.value.hint == "Say it again: it can do nothing twice."


def test_a_number_is_no_cursor() -> None:
    with pytest.raises(InvalidRequest, match="not a cursor"):
        next(history_calls.changes(7))
