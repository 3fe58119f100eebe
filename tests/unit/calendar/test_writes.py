"""The writes of Calendar: what is sent, sent again, and made of answers that were lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest

from mailgrant.calendar import writes
from mailgrant.calendar.event import Event
from mailgrant.calendar.recurrence import Recurrence
from mailgrant.errors import (
    ChangedMeanwhile,
    Conflict,
    InvalidRequest,
    MailgrantError,
    NoAnswer,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    ServerError,
)
from mailgrant.http import Call, Request

Hold = Callable[..., tuple[Any, list[Request]]]

NOON = datetime(2026, 3, 5, 12, tzinfo=ZoneInfo("Europe/London"))
LUNCH = Event("Lunch", start=NOON, attendees=["grace@example.com"])
ID = "abcdefghij0123456789"
LOST = OutcomeUnknown("lost", operation="calendar.events.insert", evidence="cut")
ABSENT = NotFound("Not Found.", status=404, reason="notFound")
GONE = NotFound("Resource has been deleted.", status=410, reason="deleted")
TAKEN = Conflict("taken", status=409, reason="duplicate", operation="calendar.events.insert")
STALE = Conflict("Precondition Failed.", status=412, reason="conditionNotMet", operation="calendar.events.patch")


def kept(event: Event = LUNCH, **fields: Any) -> dict[str, Any]:
    return event.to_json() | {"id": ID, "status": "confirmed", "etag": '"1"'} | fields


def methods(asked: list[Request]) -> list[str]:
    return [request.method for request in asked]


def edited(**fields: Any) -> Call[Event]:
    """Change an event whose etag is 1."""
    before = Event.from_json(kept())
    return writes.edit_event(before.changed(**(fields or {"summary": "Late"})), before=before)


# Inserts


def test_a_lost_insert_that_is_there_is_done(hold: Hold) -> None:
    event, asked = hold(writes.add_event(LUNCH, event_id=ID), LOST, kept())

    assert event.id == ID
    assert methods(asked) == ["POST", "GET"]


def test_a_lost_insert_that_is_not_there_goes_again_under_the_same_id(hold: Hold) -> None:
    _, asked = hold(writes.add_event(LUNCH, event_id=ID), LOST, ABSENT, kept())

    assert methods(asked) == ["POST", "GET", "POST"]
    assert asked[0] == asked[2]


def test_a_late_insert_makes_the_second_one_a_duplicate_and_is_the_event(hold: Hold) -> None:
    event, _ = hold(writes.add_event(LUNCH, event_id=ID), LOST, ABSENT, TAKEN, kept())

    assert event.id == ID


def test_a_lost_insert_whose_id_another_event_has_is_a_conflict(hold: Hold) -> None:
    with pytest.raises(Conflict, match="belongs to another event"):
        hold(writes.add_event(LUNCH, event_id=ID), LOST, kept(summary="Dinner"))


@pytest.mark.parametrize("failure", [NoAnswer("no line"), ServerError("down", status=503), RateLimited("slow down")])
def test_what_cannot_be_read_back_is_unknown(hold: Hold, failure: MailgrantError) -> None:
    with pytest.raises(OutcomeUnknown, match="could not be read back") as caught:
        hold(writes.add_event(LUNCH, event_id=ID), LOST, failure)

    assert caught.value.operation == "calendar.events.insert"
    assert "Look in the calendar" in caught.value.hint


def test_an_insert_that_stays_lost_is_unknown_after_three_sendings(hold: Hold) -> None:
    with pytest.raises(OutcomeUnknown, match="not in the calendar yet"):
        hold(writes.add_event(LUNCH, event_id=ID), LOST, ABSENT, LOST, ABSENT, LOST, ABSENT)


def test_a_refusal_of_a_later_sending_does_not_tell_what_the_first_one_did(hold: Hold) -> None:
    with pytest.raises(OutcomeUnknown):
        hold(writes.add_event(LUNCH, event_id=ID), LOST, ABSENT, NoAnswer("no line"), ABSENT, LOST, ABSENT)


def test_a_refusal_of_the_first_sending_is_raised_as_it_is(hold: Hold) -> None:
    with pytest.raises(NoAnswer):
        hold(writes.add_event(LUNCH, event_id=ID), NoAnswer("no line"))


def test_an_event_without_a_start_or_with_an_impossible_rule_is_not_sent() -> None:
    with pytest.raises(InvalidRequest, match="no start"):
        next(writes.add_event(Event("Lunch", id=ID), event_id=ID))
    with pytest.raises(InvalidRequest, match="COUNT=0"):
        next(writes.add_event(Event("Lunch", start=NOON, recurrence="RRULE:FREQ=DAILY;COUNT=0", id=ID), event_id=ID))


def test_a_meet_link_is_asked_for_by_the_same_name_each_time() -> None:
    first, second = (next(writes.add_event(LUNCH, event_id=ID, meet=True)) for _ in range(2))

    assert parse_qs(urlsplit(first.url).query)["conferenceDataVersion"] == ["1"]
    request = json.loads(first.body)["conferenceData"]["createRequest"]
    assert request["conferenceSolutionKey"] == {"type": "hangoutsMeet"}
    assert first == second


def test_an_event_with_an_id_of_its_own_gets_its_rule_in_the_form_that_calendar_wants() -> None:
    weekly = Recurrence.weekly(until=date(2026, 3, 31))

    request = next(writes.add_event(Event("Choir", start=NOON, recurrence=weekly, id=ID), event_id=ID))

    assert json.loads(request.body)["recurrence"] == ["RRULE:FREQ=WEEKLY;UNTIL=20260331T225959Z"]


def test_a_rule_that_google_writes_in_another_order_is_the_same(hold: Hold) -> None:
    choir = Event("Choir", start=NOON, recurrence="RRULE:FREQ=WEEKLY;COUNT=4")
    written = kept(choir, recurrence=["RRULE:FREQ=WEEKLY;WKST=MO;INTERVAL=1;COUNT=4"])

    event, _ = hold(writes.add_event(choir, event_id=ID), LOST, written)

    assert event.id == ID


# Patches


def test_a_patch_of_what_somebody_else_changed_says_so(hold: Hold) -> None:
    with pytest.raises(ChangedMeanwhile, match="theirs was kept") as caught:
        hold(edited(), STALE)

    assert caught.value.status == 412


def test_a_lost_patch_that_was_done_is_done(hold: Hold) -> None:
    event, asked = hold(edited(), LOST, kept(summary="Late", etag='"2"'))

    assert event.summary == "Late"
    assert methods(asked) == ["PATCH", "GET"]


def test_a_lost_patch_of_an_event_that_is_as_it_was_goes_again(hold: Hold) -> None:
    _, asked = hold(edited(), LOST, kept(), kept(summary="Late", etag='"2"'))

    assert methods(asked) == ["PATCH", "GET", "PATCH"]
    assert asked[2].headers["If-Match"] == '"1"'


def test_a_late_patch_makes_the_second_one_stale_and_is_done(hold: Hold) -> None:
    event, _ = hold(edited(), LOST, kept(), STALE, kept(summary="Late", etag='"2"'))

    assert event.etag == '"2"'


@pytest.mark.parametrize(
    ("changes", "now"),
    [
        ({"summary": "Late"}, {"summary": "Early"}),
        ({"attendees": []}, {"summary": "Lunch"}),
        ({"reminders": ()}, {"description": "Pie"}),
    ],
)
def test_a_lost_patch_of_an_event_that_others_changed_is_unknown(
    hold: Hold, changes: dict[str, Any], now: dict[str, Any]
) -> None:
    with pytest.raises(OutcomeUnknown, match="was changed since"):
        hold(edited(**changes), LOST, kept(**now, etag='"3"'))


def test_a_patch_without_an_etag_is_not_said_twice(hold: Hold) -> None:
    before = Event("Lunch", start=NOON, id=ID)

    with pytest.raises(OutcomeUnknown):
        hold(writes.edit_event(before.changed(summary="Late"), before=before), LOST, kept(before))


def test_reminders_go_back_to_the_calendars_own() -> None:
    before = Event.from_json(kept(reminders={"useDefault": False, "overrides": [{"method": "popup", "minutes": 5}]}))

    request = next(writes.edit_event(before.changed(reminders=None), before=before))

    assert json.loads(request.body) == {"reminders": {"useDefault": True, "overrides": []}}
    assert before.reminders is not None
    assert before.reminders[0].before == timedelta(minutes=5)


# Deletes


@pytest.mark.parametrize("answers", [(LOST, ABSENT), (LOST, kept(status="cancelled")), (LOST, kept(), GONE, ABSENT)])
def test_a_lost_delete_of_what_is_not_there_is_done(hold: Hold, answers: tuple[Any, ...]) -> None:
    done, _ = hold(writes.delete_event(ID), *answers)

    assert done is None


def test_a_delete_of_what_was_never_there_is_not_found(hold: Hold) -> None:
    with pytest.raises(NotFound):
        hold(writes.delete_event(ID), ABSENT)


def test_a_delete_that_stays_lost_is_unknown(hold: Hold) -> None:
    with pytest.raises(OutcomeUnknown, match="still there"):
        hold(writes.delete_event(ID), *(LOST, kept()) * 3)


# Answers


INVITED = {"attendees": [{"email": "ada@example.com", "self": True, "responseStatus": "needsAction"}]}
ACCEPTED = {"attendees": [{"email": "ada@example.com", "self": True, "responseStatus": "accepted"}]}


def test_an_answer_writes_one_entry_and_leaves_the_others_out(hold: Hold) -> None:
    _, asked = hold(writes.respond_to(ID, "accepted", comment="Yes"), kept(**INVITED), kept(**ACCEPTED))

    assert json.loads(asked[1].body) == {
        "attendeesOmitted": True,
        "attendees": [{"email": "ada@example.com", "responseStatus": "accepted", "comment": "Yes"}],
    }


def test_an_answer_keeps_what_else_the_guest_has_said(hold: Hold) -> None:
    guest = {**INVITED["attendees"][0], "comment": "By train", "additionalGuests": 2}

    _, asked = hold(writes.respond_to(ID, "accepted"), kept(attendees=[guest]), kept(**ACCEPTED))

    (own,) = json.loads(asked[1].body)["attendees"]
    assert own == {
        "email": "ada@example.com",
        "responseStatus": "accepted",
        "comment": "By train",
        "additionalGuests": 2,
    }


def test_a_lost_answer_is_said_again_until_it_is_there(hold: Hold) -> None:
    lost = (LOST, kept(**INVITED), LOST, kept(**ACCEPTED))

    _, asked = hold(writes.respond_to(ID, "accepted"), kept(**INVITED), *lost)

    assert methods(asked) == ["GET", "PATCH", "GET", "PATCH", "GET"]


def test_a_lost_answer_to_an_event_that_is_gone_is_unknown(hold: Hold) -> None:
    with pytest.raises(OutcomeUnknown, match="gone since"):
        hold(writes.respond_to(ID, "accepted"), kept(**INVITED), LOST, ABSENT)


# What has no proof


@pytest.mark.parametrize(
    "call", [writes.quick_add("Lunch at noon"), writes.move_event(ID, "work")], ids=["add", "move"]
)
def test_what_has_no_proof_is_said_once(hold: Hold, call: Call[Event]) -> None:
    with pytest.raises(OutcomeUnknown) as caught:
        hold(call, LOST)

    assert caught.value.evidence == "cut"
    assert caught.value.hint
