"""Who is busy when, asked in as many questions as it takes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mailgrant.calendar import busy_calls as calls
from mailgrant.calendar.free_busy import Interval, WorkingHours
from mailgrant.errors import InvalidRequest, NoAnswer, NotFound, OutcomeUnknown
from mailgrant.http import Request

Hold = Callable[..., tuple[Any, list[Request]]]

HOUR = timedelta(hours=1)
DAY = datetime(2026, 3, 27, tzinfo=UTC)
PART = calls.LONGEST_QUESTION
LOST = OutcomeUnknown("lost", operation="calendar.freebusy.query", evidence="cut")


def at(start: float, end: float, day: datetime = DAY) -> Interval:
    return Interval(day + start * HOUR, day + end * HOUR)


def busy(*times: Interval, name: str = "a") -> dict[str, Any]:
    """Make Google's answer about one calendar."""
    spans = [{"start": each.start.isoformat(), "end": each.end.isoformat()} for each in times]
    return {"calendars": {name: {"busy": spans}}}


def refused(reason: str) -> dict[str, Any]:
    return {"errors": [{"domain": "global", "reason": reason}], "busy": []}


def ids_of(request: Request) -> list[str]:
    return [each["id"] for each in json.loads(request.body)["items"]]


def test_more_than_fifty_people_are_asked_in_turns(hold: Hold) -> None:
    people = [f"p{number}@example.com" for number in range(60)]
    first, second = ({"calendars": {each: {"busy": []} for each in part}} for part in (people[:50], people[50:]))

    found, asked = hold(calls.free_busy(people, at(9, 17)), first, second)

    assert list(found) == people
    assert len(asked) == 2


def test_who_cannot_be_seen_is_named(hold: Hold) -> None:
    answer = {"calendars": {"a@example.com": {"busy": []}, "b@example.com": {"errors": [{"reason": "notFound"}]}}}

    with pytest.raises(NotFound, match=r"When b@example\.com, c@example\.com can come"):
        hold(calls.free_busy(["a@example.com", "b@example.com", "c@example.com"], at(9, 17)), answer)


def test_a_lost_question_is_asked_again_and_then_has_no_answer(hold: Hold) -> None:
    found, _ = hold(calls.free_busy(["a"], at(9, 17)), LOST, {"calendars": {"a": {}}})
    assert found == {"a": ()}

    with pytest.raises(NoAnswer):
        hold(calls.free_busy(["a"], at(9, 17)), LOST, LOST, LOST)


# A long time


def test_a_long_time_is_asked_about_in_parts_that_meet(hold: Hold) -> None:
    year = Interval(DAY, DAY + timedelta(days=150))

    found, asked = hold(calls.free_busy(["a"], year), busy(at(9, 10)), busy(), busy())

    bounds = [(json.loads(each.body)["timeMin"], json.loads(each.body)["timeMax"]) for each in asked]
    assert found == {"a": (at(9, 10),)}
    assert bounds[0][0] == year.start.isoformat()
    assert bounds[-1][1] == year.end.isoformat()
    assert [end for _, end in bounds[:-1]] == [start for start, _ in bounds[1:]]


def test_who_is_busy_where_two_parts_meet_is_so_once(hold: Hold) -> None:
    seam = DAY + PART
    before, after = Interval(seam - HOUR, seam), Interval(seam, seam + HOUR)
    later = Interval(seam + 3 * HOUR, seam + 4 * HOUR)

    found, _ = hold(calls.free_busy(["a"], Interval(DAY, DAY + 2 * PART)), busy(before), busy(after, later))

    assert found == {"a": (Interval(seam - HOUR, seam + HOUR), later)}


def test_no_more_is_asked_than_until_a_time_is_free(hold: Hold) -> None:
    found, asked = hold(calls.first_free(["a"], HOUR, Interval(DAY, DAY + 3 * PART)), busy(at(0, 9)))

    assert found == at(9, 10)
    assert len(asked) == 1


def test_a_free_time_may_lie_across_two_parts(hold: Hold) -> None:
    seam = DAY + PART

    found, _ = hold(
        calls.first_free(["a"], 2 * HOUR, Interval(DAY, DAY + 3 * PART)), busy(Interval(DAY, seam - HOUR)), busy()
    )

    assert found == Interval(seam - HOUR, seam + HOUR)


def test_where_nobody_is_ever_free_all_is_asked_and_the_answer_is_none(hold: Hold) -> None:
    hours = WorkingHours()

    found, asked = hold(calls.first_free(["a"], 9 * HOUR, Interval(DAY, DAY + 2 * PART), hours), busy(), busy())

    assert found is None
    assert len(asked) == 2


def test_a_time_without_end_is_refused_before_anything_is_sent(hold: Hold) -> None:
    for_ever = Interval(DAY, datetime.max.replace(tzinfo=UTC))

    with pytest.raises(InvalidRequest, match="too long to ask about"):
        next(calls.free_busy(["a"], for_ever))
    with pytest.raises(InvalidRequest, match="too long to ask about"):
        next(calls.first_free(["a"], HOUR, for_ever))


# Groups


def test_a_group_is_busy_when_one_of_it_is(hold: Hold) -> None:
    answer = {
        "groups": {"team": {"calendars": ["a", "b"]}},
        "calendars": busy(at(9, 10))["calendars"] | busy(at(9.5, 11), name="b")["calendars"],
    }

    found, asked = hold(calls.free_busy(["team"], at(8, 17)), answer)

    assert found == {"team": (at(9, 11),)}
    assert json.loads(asked[0].body)["groupExpansionMax"] == 100


def test_those_of_a_group_for_whom_there_was_no_room_are_asked_about_again(hold: Hold) -> None:
    crowded = {
        "groups": {"team": {"calendars": ["a", "b"]}},
        "calendars": {"b": refused("tooManyCalendarsRequested")} | busy(at(9, 10))["calendars"],
    }

    found, asked = hold(calls.free_busy(["team"], at(8, 17)), crowded, busy(at(12, 13), name="b"))

    assert found == {"team": (at(9, 10), at(12, 13))}
    assert ids_of(asked[1]) == ["b"]


@pytest.mark.parametrize(
    "said",
    [
        {"groups": {"team": refused("groupTooBig")}},
        {"groups": {"team": {"calendars": ["a", "b"]}}, "calendars": {"a": {"busy": []}}},
        {"groups": {"team": {"calendars": ["a"]}}, "calendars": {"a": refused("notFound")}},
        {"groups": {"team": {"calendars": ["a"]}}, "calendars": {"a": {"errors": "odd"}}},
        {"groups": {"team": {"calendars": []}}},
        {"groups": 7, "calendars": 7},
    ],
)
def test_a_group_of_which_one_cannot_be_seen_is_not_taken_for_free(hold: Hold, said: dict[str, Any]) -> None:
    with pytest.raises(NotFound, match="When team can come is not known"):
        hold(calls.free_busy(["team"], at(8, 17)), said)


def test_what_there_is_never_room_for_is_not_asked_for_ever(hold: Hold) -> None:
    crowded = {"calendars": {"a": refused("tooManyCalendarsRequested")}}

    with pytest.raises(NotFound, match="When a can come"):
        hold(calls.free_busy(["a"], at(8, 17)), crowded, crowded)
