"""Meetings: how an invitation reaches guests who have an account here, and how their answers come back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

ADA, GRACE, LINUS = "ada@example.com", "grace@example.com", "linus@example.com"


def invite(ada: Any, *guests: str, **more: Any) -> Any:
    return ada.add("Lunch", attendees=[{"email": guest} for guest in guests], **more)


def answer(desk: Any, event_id: str, status: str = "accepted", **more: Any) -> Any:
    """Answer an invitation as programs do: the whole list, with one's own entry changed."""
    attendees = desk.event(event_id)["attendees"]
    changed = [{**guest, "responseStatus": status, **more} if guest.get("self") else guest for guest in attendees]
    return desk.patch(event_id, attendees=changed)


def responses(event: Any) -> dict[str, str]:
    return {guest["email"]: guest["responseStatus"] for guest in event.get("attendees", [])}


def test_a_guest_finds_the_meeting_in_their_own_calendar(ada: Any, grace: Any) -> None:
    event = invite(ada, GRACE, location="Canteen")

    copy = grace.event(event["id"])

    assert copy["organizer"] == copy["creator"] == {"email": ADA}
    assert copy["attendees"] == [{"email": GRACE, "self": True, "responseStatus": "needsAction"}]
    assert (copy["iCalUID"], copy["location"], copy["start"]) == (event["iCalUID"], "Canteen", event["start"])


def test_an_organizer_among_the_guests_has_accepted(ada: Any) -> None:
    event = invite(ada, ADA, GRACE)

    assert event["attendees"][0] == {"email": ADA, "organizer": True, "self": True, "responseStatus": "accepted"}


def test_an_answer_reaches_the_organizer_and_the_other_guests(ada: Any, grace: Any, linus: Any) -> None:
    event = invite(ada, GRACE, LINUS)

    answer(grace, event["id"], "accepted", comment="With pleasure")

    assert responses(ada.event(event["id"])) == {GRACE: "accepted", LINUS: "needsAction"}
    assert responses(linus.event(event["id"])) == {GRACE: "accepted", LINUS: "needsAction"}
    assert ada.event(event["id"])["attendees"][0]["comment"] == "With pleasure"


def test_a_guest_may_answer_without_naming_the_others(ada: Any, grace: Any) -> None:
    event = invite(ada, GRACE, LINUS)

    grace.patch(event["id"], attendeesOmitted=True, attendees=[{"email": GRACE, "responseStatus": "tentative"}])

    assert responses(ada.event(event["id"])) == {GRACE: "tentative", LINUS: "needsAction"}


def test_a_change_by_the_organizer_reaches_the_guests(ada: Any, grace: Any) -> None:
    event = invite(ada, GRACE)
    answer(grace, event["id"])

    ada.patch(event["id"], summary="Supper", end={"dateTime": "2026-03-05T14:00:00Z"})

    copy = grace.event(event["id"])
    assert (copy["summary"], copy["end"]["dateTime"]) == ("Supper", "2026-03-05T14:00:00Z")
    assert responses(copy) == {GRACE: "accepted"}


def test_guests_hear_of_a_change_by_their_sync(ada: Any, grace: Any) -> None:
    event = invite(ada, GRACE)
    token = grace.listed()["nextSyncToken"]

    ada.patch(event["id"], summary="Supper")

    assert grace.summaries(syncToken=token) == ["Supper"]


@pytest.mark.parametrize(
    "change",
    [
        {"summary": "Supper"},
        {"location": "Canteen"},
        {"end": {"dateTime": "2026-03-05T14:00:00Z"}},
        {"attendees": []},
        {"attendees": [{"email": GRACE}, {"email": LINUS, "responseStatus": "accepted"}]},
        {"guestsCanModify": True},
        {"extendedProperties": {"shared": {"a": "b"}}},
    ],
)
def test_a_guest_may_not_change_what_is_everybodys(ada: Any, grace: Any, change: dict[str, Any]) -> None:
    event = invite(ada, GRACE, LINUS)

    error = grace.refused("events.patch", change, eventId=event["id"])

    assert error == {
        "status": 403,
        "domain": "calendar",
        "reason": "forbiddenForNonOrganizer",
        "message": "Shared properties can only be changed by the organizer of the event.",
    }
    assert ada.event(event["id"]) == event


def test_an_update_that_omits_the_guests_rights_trips_over_them(ada: Any, grace: Any) -> None:
    event = invite(ada, GRACE, guestsCanInviteOthers=False)
    copy = grace.event(event["id"])
    del copy["guestsCanInviteOthers"]

    assert grace.refused("events.update", copy, eventId=event["id"])["reason"] == "forbiddenForNonOrganizer"


def test_what_is_a_guests_own_stays_theirs(ada: Any, grace: Any) -> None:
    event = invite(ada, GRACE)

    grace.patch(
        event["id"],
        colorId="5",
        transparency="transparent",
        reminders={"useDefault": False},
        extendedProperties={"private": {"mine": "yes"}},
    )
    ada.patch(event["id"], summary="Supper", extendedProperties={"shared": {"ours": "yes"}})

    copy = grace.event(event["id"])
    assert (copy["colorId"], copy["transparency"], copy["summary"]) == ("5", "transparent", "Supper")
    assert copy["extendedProperties"] == {"private": {"mine": "yes"}, "shared": {"ours": "yes"}}
    assert "colorId" not in ada.event(event["id"])
    assert ada.event(event["id"])["extendedProperties"] == {"shared": {"ours": "yes"}}


def test_a_guest_may_bring_others_unless_that_is_forbidden(ada: Any, grace: Any, linus: Any) -> None:
    free, closed = invite(ada, GRACE), invite(ada, GRACE, guestsCanInviteOthers=False)
    both = [{"email": GRACE}, {"email": LINUS}]

    grace.patch(free["id"], attendees=both)

    assert responses(ada.event(free["id"])).keys() == {GRACE, LINUS}
    assert linus.event(free["id"])["organizer"] == {"email": ADA}
    assert grace.refused("events.patch", {"attendees": both}, eventId=closed["id"])["status"] == 403


def test_guests_who_may_modify_do_so_for_everybody(ada: Any, grace: Any, linus: Any) -> None:
    event = invite(ada, GRACE, LINUS, guestsCanModify=True)

    grace.patch(event["id"], summary="Supper")

    assert {desk.event(event["id"])["summary"] for desk in (ada, grace, linus)} == {"Supper"}
    assert grace.refused("events.patch", {"guestsCanModify": False}, eventId=event["id"])["status"] == 403


def test_deleting_the_meeting_cancels_every_copy(ada: Any, grace: Any) -> None:
    event = invite(ada, GRACE)

    ada.call("events.delete", eventId=event["id"])

    assert grace.event(event["id"])["status"] == "cancelled"
    assert grace.summaries() == []


def test_deleting_ones_own_copy_declines(ada: Any, grace: Any) -> None:
    event = invite(ada, GRACE, LINUS)

    grace.call("events.delete", eventId=event["id"])

    assert responses(ada.event(event["id"]))[GRACE] == "declined"
    assert ada.event(event["id"])["status"] == "confirmed"
    assert grace.summaries() == []
    ada.patch(event["id"], summary="Supper")
    assert grace.summaries() == []


def test_a_guest_no_longer_invited_loses_their_copy_and_finds_it_again_when_asked_anew(ada: Any, grace: Any) -> None:
    event = invite(ada, GRACE, LINUS)

    ada.patch(event["id"], attendees=[{"email": LINUS}])
    assert grace.event(event["id"])["status"] == "cancelled"

    ada.patch(event["id"], attendees=[{"email": LINUS}, {"email": GRACE}])
    assert grace.event(event["id"])["status"] == "confirmed"


def test_guests_may_be_kept_from_seeing_each_other(ada: Any, grace: Any) -> None:
    event = invite(ada, GRACE, LINUS, guestsCanSeeOtherGuests=False)

    copy = grace.event(event["id"])

    assert [guest["email"] for guest in copy["attendees"]] == [GRACE]
    assert copy["attendeesOmitted"] is True
    assert len(ada.event(event["id"])["attendees"]) == 2


def test_a_private_copy_stays_private(ada: Any, grace: Any) -> None:
    event = invite(ada, GRACE, privateCopy=True)

    assert grace.refused("events.get", eventId=event["id"])["status"] == 404


def test_an_import_invites_nobody(ada: Any, grace: Any) -> None:
    body = {
        "iCalUID": "x@example.org",
        "start": {"date": "2026-03-05"},
        "end": {"date": "2026-03-06"},
        "attendees": [{"email": GRACE}],
    }

    event = ada.call("events.import", body)

    assert grace.refused("events.get", eventId=event["id"])["status"] == 404


def test_a_series_and_its_exceptions_reach_a_guest(ada: Any, grace: Any, weekly: Callable[..., Any]) -> None:
    staff = weekly(attendees=[{"email": GRACE}])
    ada.patch(f"{staff['id']}_20260326T090000Z", summary="Party")
    ada.call("events.delete", eventId=f"{staff['id']}_20260402T080000Z")

    assert grace.summaries(singleEvents=True) == ["Staff", "Party", "Staff"]


def test_a_guest_who_joins_a_series_late_gets_its_exceptions_too(
    ada: Any, grace: Any, linus: Any, weekly: Callable[..., Any]
) -> None:
    staff = weekly(attendees=[{"email": GRACE}])
    second = f"{staff['id']}_20260326T090000Z"
    ada.patch(second, summary="Party")
    answer(grace, second, "declined")

    ada.patch(staff["id"], attendees=[{"email": GRACE}, {"email": LINUS}])

    assert linus.summaries(singleEvents=True) == ["Staff", "Party", "Staff", "Staff"]
    assert responses(ada.event(second)) == {GRACE: "declined", LINUS: "needsAction"}


def test_an_answer_to_one_instance_is_for_that_instance(ada: Any, grace: Any, weekly: Callable[..., Any]) -> None:
    staff = weekly(attendees=[{"email": GRACE}])
    second = f"{staff['id']}_20260326T090000Z"

    answer(grace, second, "declined")

    assert responses(ada.event(second)) == {GRACE: "declined"}
    assert responses(ada.event(staff["id"])) == {GRACE: "needsAction"}


def test_somebody_invited_to_one_instance_only_sees_that_one(ada: Any, linus: Any, weekly: Callable[..., Any]) -> None:
    staff = weekly(attendees=[{"email": GRACE}])
    second = f"{staff['id']}_20260326T090000Z"

    ada.patch(second, attendees=[{"email": GRACE}, {"email": LINUS}])

    assert [item["id"] for item in linus.listed(singleEvents=True)["items"]] == [second]
    assert linus.event(second)["recurringEventId"] == staff["id"]
    answer(linus, second)
    assert responses(ada.event(second))[LINUS] == "accepted"

    ada.patch(staff["id"], attendees=[{"email": GRACE}, {"email": LINUS}])
    assert len(linus.listed(singleEvents=True)["items"]) == 4


def test_guests_of_a_moved_meeting_learn_its_new_organizer(ada: Any, grace: Any) -> None:
    event = invite(ada, GRACE)
    other = ada.call("calendars.insert", {"summary": "Work"})["id"]

    ada.call("events.move", eventId=event["id"], destination=other)
    answer(grace, event["id"])

    assert grace.event(event["id"])["organizer"]["email"] == other
    assert responses(ada.event(event["id"], calendarId=other)) == {GRACE: "accepted"}


def test_a_meeting_in_a_secondary_calendar_is_organized_by_that_calendar(ada: Any, grace: Any) -> None:
    other = ada.call("calendars.insert", {"summary": "Work"})["id"]

    event = ada.call(
        "events.insert",
        {"start": {"date": "2026-03-05"}, "end": {"date": "2026-03-06"}, "attendees": [{"email": GRACE}]},
        calendarId=other,
    )
    answer(grace, event["id"])

    assert grace.event(event["id"])["organizer"] == {"email": other, "displayName": "Work"}
    assert responses(ada.event(event["id"], calendarId=other)) == {GRACE: "accepted"}


def test_a_guest_outside_the_sandbox_is_only_a_name(ada: Any) -> None:
    event = invite(ada, "somebody@example.org")

    assert responses(ada.patch(event["id"], summary="Supper")) == {"somebody@example.org": "needsAction"}


def test_addresses_differ_by_more_than_case(ada: Any, grace: Any) -> None:
    event = invite(ada, "Grace@Example.com")

    assert grace.event(event["id"])["attendees"][0]["self"] is True
    answer(grace, event["id"])
    assert list(responses(ada.event(event["id"])).values()) == ["accepted"]
