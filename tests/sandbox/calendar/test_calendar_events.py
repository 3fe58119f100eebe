"""One event: how it is added, shown, changed and taken away, and what is refused."""

from __future__ import annotations

from base64 import b64decode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

LUNCH = {
    "start": {"dateTime": "2026-03-05T12:00:00+01:00"},
    "end": {"dateTime": "2026-03-05T13:00:00+01:00"},
}
DAY = {"start": {"date": "2026-03-05"}, "end": {"date": "2026-03-06"}}


def test_an_event_is_shown_as_google_shows_it(ada: Any) -> None:
    event = ada.add("Lunch", location="Canteen")

    assert {name: event[name] for name in event if name not in {"id", "etag", "iCalUID", "htmlLink", "updated"}} == {
        "kind": "calendar#event",
        "status": "confirmed",
        "created": "2026-03-04T12:00:00.000Z",
        "summary": "Lunch",
        "location": "Canteen",
        "creator": {"email": "ada@example.com", "self": True},
        "organizer": {"email": "ada@example.com", "self": True},
        "start": {"dateTime": "2026-03-05T12:00:00Z", "timeZone": "UTC"},
        "end": {"dateTime": "2026-03-05T13:00:00Z", "timeZone": "UTC"},
        "sequence": 0,
        "reminders": {"useDefault": True},
        "eventType": "default",
    }


def test_an_id_of_googles_making_has_26_digits_and_names_the_ical_uid(ada: Any) -> None:
    event = ada.add()

    assert len(event["id"]) == 26
    assert set(event["id"]) <= set("0123456789abcdefghijklmnopqrstuv")
    assert event["iCalUID"] == f"{event['id']}@google.com"


def test_the_link_holds_the_id_and_the_calendar(ada: Any) -> None:
    event = ada.add()
    eid = event["htmlLink"].partition("eid=")[2]

    assert b64decode(eid + "=" * (-len(eid) % 4)).decode() == f"{event['id']} ada@example.com"


def test_the_etag_is_the_milliseconds_of_updated_times_2000(ada: Any) -> None:
    event = ada.add()

    updated = datetime.fromisoformat(event["updated"])
    milliseconds = (updated - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert event["etag"] == f'"{milliseconds * 2000}"'


def test_the_same_start_gives_the_same_ids(ada: Any) -> None:
    first = ada.add()["id"]

    ada.world.reset()
    ada.world.account("ada@example.com")
    again = ada.world.people.find("ada@example.com").diary.add_event("primary", LUNCH, actor="ada@example.com")

    assert again["id"] == first


@pytest.mark.parametrize(
    ("body", "reason", "message"),
    [
        ({}, "required", "Missing start time."),
        ({"start": LUNCH["start"]}, "required", "Missing end time."),
        ({"start": {}, "end": LUNCH["end"]}, "required", "Missing start time."),
        ({"start": {"timeZone": "UTC"}, "end": LUNCH["end"]}, "invalid", "Invalid start time."),
        ({"start": {**LUNCH["start"], **DAY["start"]}, "end": LUNCH["end"]}, "invalid", "Invalid start time."),
        (
            {"start": LUNCH["start"], "end": DAY["end"]},
            "invalid",
            "Start and end times must either both be date or both be dateTime.",
        ),
        (
            {"start": {"dateTime": "2026-03-05T12:00:00"}, "end": LUNCH["end"]},
            "required",
            "Missing time zone definition for start time.",
        ),
        (
            {"start": LUNCH["start"], "end": {"dateTime": "2026-03-05T13:00:00"}},
            "required",
            "Missing time zone definition for end time.",
        ),
        ({"start": {"dateTime": "tomorrow"}, "end": LUNCH["end"]}, "badRequest", "Bad Request"),
        ({"start": {"dateTime": "2026-02-30T12:00:00Z"}, "end": LUNCH["end"]}, "badRequest", "Bad Request"),
        ({"start": {"date": "2026-3-5"}, "end": DAY["end"]}, "badRequest", "Bad Request"),
        ({"start": {"date": "0001-01-01"}, "end": DAY["end"]}, "badRequest", "Bad Request"),
        (
            {"start": {**LUNCH["start"], "timeZone": "Mars/Olympus"}, "end": LUNCH["end"]},
            "invalid",
            "Invalid time zone definition for start time.",
        ),
        (LUNCH | {"recurrence": ["RRULE:FREQ=DAILY"]}, "required", "Missing time zone definition for start time."),
        (DAY | {"recurrence": ["RRULE:FREQ=NEVER"]}, "invalid", "Invalid recurrence rule."),
        (LUNCH | {"id": "UPPER"}, "invalid", "Invalid resource id value."),
        (LUNCH | {"id": "abcd"}, "invalid", "Invalid resource id value."),
        (LUNCH | {"attendees": [{"email": "nobody"}]}, "invalid", "Invalid attendee email."),
        (LUNCH | {"attendees": [{}]}, "invalid", "Invalid attendee email."),
        (LUNCH | {"status": "perhaps"}, "invalid", "Invalid status value."),
        (LUNCH | {"visibility": "secret"}, "invalid", "Invalid visibility value."),
        (LUNCH | {"colorId": "12"}, "invalid", "Invalid color id."),
        (LUNCH | {"eventType": "fromGmail"}, "eventTypeRestriction", "Events from Gmail cannot be created."),
        (LUNCH | {"eventType": "focusTime"}, "eventTypeRestriction", "The event type is not available to this user."),
        (LUNCH | {"eventType": "birthday"}, "malformedBirthdayEvent", "A birthday is all-day and repeats every year."),
        (
            LUNCH | {"reminders": {"useDefault": True, "overrides": [{"method": "popup", "minutes": 1}]}},
            "cannotUseDefaultRemindersAndSpecifyOverride",
            "Cannot specify both default reminders and overrides at the same time.",
        ),
        (LUNCH | {"reminders": {"overrides": [{"method": "popup", "minutes": 40321}]}}, "invalid", "Invalid reminder."),
        (
            LUNCH | {"reminders": {"overrides": [{"method": "popup", "minutes": 1}] * 6}},
            "invalid",
            "Too many reminder overrides.",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(ada: Any, body: dict[str, Any], reason: str, message: str) -> None:
    error = ada.refused("events.insert", body)

    assert (error["status"], error["reason"], error["message"]) == (400, reason, message)
    assert ada.summaries() == []


@pytest.mark.parametrize(
    "body",
    [
        {"start": LUNCH["end"], "end": LUNCH["start"]},
        {"start": LUNCH["start"], "end": LUNCH["start"]},
        {"start": DAY["start"], "end": DAY["start"]},
    ],
    ids=["backwards", "no time at all", "an all-day end is exclusive"],
)
def test_an_end_that_does_not_follow_the_start_is_an_empty_range(ada: Any, body: dict[str, Any]) -> None:
    assert ada.refused("events.insert", body) == {
        "status": 400,
        "domain": "calendar",
        "reason": "timeRangeEmpty",
        "message": "The specified time range is empty.",
        "location": "timeMax",
        "locationType": "parameter",
    }


def test_a_local_time_with_a_zone_is_understood(ada: Any) -> None:
    zoned = {"timeZone": "America/New_York"}

    event = ada.call(
        "events.insert",
        {
            "start": {"dateTime": "2026-03-05T12:00:00", **zoned},
            "end": {"dateTime": "2026-03-05T13:00:00.250", **zoned},
        },
    )

    assert event["start"] == {"dateTime": "2026-03-05T17:00:00Z", "timeZone": "America/New_York"}
    assert event["end"]["dateTime"] == "2026-03-05T18:00:00Z"


def test_times_are_shown_with_the_calendars_offset_or_the_one_asked_for(ada: Any) -> None:
    ada.call("calendars.patch", {"timeZone": "Europe/Zurich"})
    event = ada.call("events.insert", LUNCH)

    assert event["start"] == {"dateTime": "2026-03-05T12:00:00+01:00", "timeZone": "Europe/Zurich"}
    assert ada.event(event["id"], timeZone="Asia/Kolkata")["start"]["dateTime"] == "2026-03-05T16:30:00+05:30"
    assert ada.refused("events.get", eventId=event["id"], timeZone="Nowhere")["status"] == 400


def test_defaults_are_not_shown(ada: Any) -> None:
    event = ada.call(
        "events.insert",
        LUNCH
        | {"transparency": "opaque", "visibility": "default", "guestsCanInviteOthers": True, "guestsCanModify": False},
    )

    assert not {"transparency", "visibility", "guestsCanInviteOthers", "guestsCanModify"} & event.keys()


def test_what_a_client_cannot_set_is_ignored(ada: Any) -> None:
    event = ada.call(
        "events.insert", LUNCH | {"kind": "x", "etag": "x", "created": "x", "creator": {"email": "x@y.z"}, "colour": 1}
    )

    assert event["creator"]["email"] == "ada@example.com"
    assert "colour" not in event


def test_a_client_may_choose_the_id_and_a_second_insert_of_it_is_a_duplicate(ada: Any) -> None:
    event = ada.call("events.insert", LUNCH | {"id": "abc0123456789v", "summary": "First"})

    error = ada.refused("events.insert", LUNCH | {"id": "abc0123456789v", "summary": "Second"})

    assert event["id"] == "abc0123456789v"
    assert (error["status"], error["reason"]) == (409, "duplicate")
    assert error["message"] == "The requested identifier already exists."
    assert ada.event("abc0123456789v")["summary"] == "First"


def test_a_deleted_id_stays_taken_and_can_be_revived(ada: Any) -> None:
    ada.call("events.insert", LUNCH | {"id": "abc01"})
    ada.call("events.delete", eventId="abc01")

    assert ada.refused("events.insert", LUNCH | {"id": "abc01"})["status"] == 409
    assert ada.call("events.update", LUNCH | {"status": "confirmed"}, eventId="abc01")["status"] == "confirmed"


def test_the_same_id_is_free_in_another_calendar(ada: Any, grace: Any) -> None:
    ada.call("events.insert", LUNCH | {"id": "abc01"})

    assert grace.call("events.insert", LUNCH | {"id": "abc01"})["id"] == "abc01"


def test_an_ical_uid_is_kept_and_unique(ada: Any) -> None:
    event = ada.call("events.insert", LUNCH | {"iCalUID": "lunch@example.org"})

    assert event["iCalUID"] == "lunch@example.org"
    assert ada.refused("events.insert", LUNCH | {"iCalUID": "lunch@example.org"})["status"] == 409


def test_deleting_answers_nothing_and_deleting_twice_is_gone(ada: Any) -> None:
    event = ada.add()

    assert ada.send("events.delete", eventId=event["id"]).status == 204
    error = ada.refused("events.delete", eventId=event["id"])

    assert (error["status"], error["reason"], error["message"]) == (410, "deleted", "Resource has been deleted")
    assert ada.event(event["id"])["status"] == "cancelled"
    assert ada.summaries() == []


@pytest.mark.parametrize("name", ["events.get", "events.patch", "events.delete", "events.instances"])
def test_an_unknown_event_is_not_found(ada: Any, name: str) -> None:
    error = ada.refused(name, {} if name == "events.patch" else None, eventId="nothing")

    assert (error["status"], error["reason"], error["message"]) == (404, "notFound", "Not Found")


def test_a_patch_changes_what_it_names_and_null_clears(ada: Any) -> None:
    event = ada.add(
        location="Canteen", extendedProperties={"private": {"a": "1", "b": "2"}}, attendees=[{"email": "x@example.org"}]
    )

    patched = ada.patch(
        event["id"], summary="Supper", location=None, extendedProperties={"private": {"b": None, "c": "3"}}
    )

    assert patched["summary"] == "Supper"
    assert "location" not in patched
    assert patched["extendedProperties"] == {"private": {"a": "1", "c": "3"}}
    assert [guest["email"] for guest in patched["attendees"]] == ["x@example.org"]
    assert patched["start"] == event["start"]


def test_a_patch_replaces_arrays_whole(ada: Any) -> None:
    event = ada.add(attendees=[{"email": "x@example.org"}, {"email": "y@example.org"}])

    patched = ada.patch(event["id"], attendees=[{"email": "y@example.org"}])

    assert [guest["email"] for guest in patched["attendees"]] == ["y@example.org"]


def test_all_day_becomes_timed_only_when_the_day_is_cleared(ada: Any) -> None:
    event = ada.add(start="2026-03-05")
    timed: dict[str, Any] = {"start": {"dateTime": "2026-03-05T12:00:00Z"}, "end": {"dateTime": "2026-03-05T13:00:00Z"}}

    assert ada.refused("events.patch", timed, eventId=event["id"])["message"] == "Invalid start time."
    cleared = {which: {**value, "date": None} for which, value in timed.items()}
    assert "dateTime" in ada.patch(event["id"], **cleared)["start"]


def test_an_update_replaces_everything(ada: Any) -> None:
    event = ada.add(
        location="Canteen", description="Soup", reminders={"overrides": [{"method": "popup", "minutes": 5}]}
    )

    updated = ada.call("events.update", LUNCH | {"summary": "Supper"}, eventId=event["id"])

    assert not {"location", "description"} & updated.keys()
    assert updated["reminders"] == {"useDefault": True}
    assert (updated["id"], updated["iCalUID"]) == (event["id"], event["iCalUID"])


def test_a_significant_change_raises_the_sequence_and_another_does_not(ada: Any) -> None:
    event = ada.add()

    assert ada.patch(event["id"], summary="Supper")["sequence"] == 0
    assert ada.patch(event["id"], end={"dateTime": "2026-03-05T14:00:00Z"})["sequence"] == 1


def test_a_sequence_from_the_past_is_refused(ada: Any) -> None:
    event = ada.add()
    ada.patch(event["id"], end={"dateTime": "2026-03-05T14:00:00Z"})

    error = ada.refused("events.update", LUNCH | {"sequence": 0}, eventId=event["id"])

    assert error["message"].startswith("Invalid sequence value.")


def test_reminders_do_not_change_updated(ada: Any) -> None:
    event = ada.add()

    patched = ada.patch(event["id"], reminders={"useDefault": False, "overrides": [{"method": "email", "minutes": 60}]})

    assert patched["reminders"]["overrides"] == [{"method": "email", "minutes": 60}]
    assert patched["updated"] == event["updated"]


def test_every_change_gives_a_new_etag(ada: Any) -> None:
    event = ada.add()

    tags = {ada.patch(event["id"], summary=f"Lunch {number}")["etag"] for number in range(20)}

    assert len(tags | {event["etag"]}) == 21


@pytest.mark.parametrize("name", ["events.patch", "events.update", "events.delete"])
def test_if_match_protects_what_somebody_else_changed(ada: Any, name: str) -> None:
    event = ada.add()
    ada.patch(event["id"], summary="Supper")

    error = ada.refused(name, LUNCH, eventId=event["id"], headers={"if-match": event["etag"]})

    assert (error["status"], error["reason"], error["message"]) == (412, "conditionNotMet", "Precondition Failed")
    assert (error["location"], error["locationType"]) == ("If-Match", "header")
    assert ada.event(event["id"])["summary"] == "Supper"


def test_if_match_lets_the_current_state_through(ada: Any) -> None:
    event = ada.add()

    again = ada.send("events.patch", {"summary": "A"}, eventId=event["id"], headers={"if-match": event["etag"]})
    star = ada.send("events.patch", {"summary": "B"}, eventId=event["id"], headers={"if-match": "*"})

    assert (again.status, star.status) == (200, 200)


def test_if_none_match_answers_304_without_a_body(ada: Any) -> None:
    event = ada.add()

    same = ada.send("events.get", eventId=event["id"], headers={"if-none-match": event["etag"]})
    other = ada.send("events.get", eventId=event["id"], headers={"if-none-match": '"1"'})

    assert (same.status, same.body) == (304, b"")
    assert other.status == 200


def test_too_many_attendees_leave_only_oneself(ada: Any) -> None:
    event = ada.add(attendees=[{"email": f"guest{number}@example.org"} for number in range(3)] + [{"email": ada.email}])

    seen = ada.event(event["id"], maxAttendees=2)

    assert [guest["email"] for guest in seen["attendees"]] == [ada.email]
    assert seen["attendeesOmitted"] is True


def test_extended_properties_are_cut_as_google_cuts_them(ada: Any) -> None:
    event = ada.add(extendedProperties={"private": {"k" * 45: "dropped", "kept": "v" * 2000}})

    assert event["extendedProperties"] == {"private": {"kept": "v" * 1024}}


def test_a_conference_is_made_on_request(ada: Any) -> None:
    wanted = {"createRequest": {"requestId": "one", "conferenceSolutionKey": {"type": "hangoutsMeet"}}}

    event = ada.call("events.insert", LUNCH | {"conferenceData": wanted}, conferenceDataVersion=1)

    assert event["hangoutLink"] == f"https://meet.google.com/{event['conferenceData']['conferenceId']}"
    assert event["conferenceData"]["createRequest"]["status"] == {"statusCode": "success"}
    assert event["conferenceData"]["entryPoints"][0]["uri"] == event["hangoutLink"]


def test_without_its_version_a_conference_is_neither_made_nor_touched(ada: Any) -> None:
    wanted = {"createRequest": {"requestId": "one", "conferenceSolutionKey": {"type": "hangoutsMeet"}}}

    without = ada.call("events.insert", LUNCH | {"conferenceData": wanted})
    event = ada.call("events.insert", LUNCH | {"conferenceData": wanted}, conferenceDataVersion=1)
    kept = ada.call("events.update", LUNCH, eventId=event["id"])
    removed = ada.call("events.patch", {"conferenceData": None}, eventId=event["id"], conferenceDataVersion=1)

    assert "hangoutLink" not in without
    assert kept["hangoutLink"] == event["hangoutLink"]
    assert "hangoutLink" not in removed


def test_the_same_conference_request_is_not_carried_out_twice(ada: Any) -> None:
    def request(name: str) -> dict[str, Any]:
        return {
            "conferenceData": {"createRequest": {"requestId": name, "conferenceSolutionKey": {"type": "hangoutsMeet"}}}
        }

    event = ada.call("events.insert", LUNCH | request("one"), conferenceDataVersion=1)
    same = ada.call("events.patch", request("one"), eventId=event["id"], conferenceDataVersion=1)
    other = ada.call("events.patch", request("two"), eventId=event["id"], conferenceDataVersion=1)

    assert same["hangoutLink"] == event["hangoutLink"]
    assert other["hangoutLink"] != event["hangoutLink"]


def test_a_conference_whose_kind_is_not_named_is_of_the_usual_kind(ada: Any) -> None:
    wanted = {"createRequest": {"requestId": "one"}}

    event = ada.call("events.insert", LUNCH | {"conferenceData": wanted}, conferenceDataVersion=1)

    assert event["hangoutLink"].startswith("https://meet.google.com/")


def test_a_conference_of_no_known_kind_is_refused(ada: Any) -> None:
    wanted = {"createRequest": {"requestId": "one", "conferenceSolutionKey": {"type": "telephone"}}}

    error = ada.refused("events.insert", LUNCH | {"conferenceData": wanted}, conferenceDataVersion=1)

    assert error["message"] == "Invalid conference type value."


def test_attachments_need_their_switch(ada: Any) -> None:
    body = LUNCH | {"attachments": [{"fileUrl": "https://drive.google.com/open?id=1", "title": "Menu"}]}

    assert "attachments" not in ada.call("events.insert", body)
    event = ada.call("events.insert", body, supportsAttachments=True)
    assert event["attachments"][0]["title"] == "Menu"
    assert "attachments" in ada.call("events.update", LUNCH, eventId=event["id"])


def test_the_kind_of_an_event_is_fixed(ada: Any) -> None:
    event = ada.add()

    assert ada.refused("events.patch", {"eventType": "focusTime"}, eventId=event["id"])["status"] == 400


def test_an_import_keeps_the_organizer_and_replaces_the_same_uid(ada: Any) -> None:
    body = LUNCH | {"iCalUID": "x@example.org", "organizer": {"email": "o@example.org", "displayName": "Olga"}}

    first = ada.call("events.import", body | {"summary": "One"})
    second = ada.call("events.import", body | {"summary": "Two"})

    assert first["organizer"] == {"email": "o@example.org", "displayName": "Olga"}
    assert (second["id"], second["summary"]) == (first["id"], "Two")
    assert ada.refused("events.import", LUNCH)["reason"] == "required"
    assert ada.refused("events.import", body | {"eventType": "focusTime"})["status"] == 400


def test_a_move_makes_another_calendar_the_organizer(ada: Any) -> None:
    other = ada.call("calendars.insert", {"summary": "Work"})["id"]
    event = ada.add()

    moved = ada.call("events.move", eventId=event["id"], destination=other)

    assert moved["id"] == event["id"]
    assert moved["organizer"] == {"email": other, "displayName": "Work", "self": True}
    assert moved["creator"] == {"email": ada.email}
    assert ada.event(event["id"])["status"] == "cancelled"
    assert ada.refused("events.move", eventId=event["id"])["reason"] == "required"


@pytest.mark.parametrize(
    ("text", "summary", "start", "end"),
    [
        (
            "Appointment at Somewhere on June 3rd 10am-10:25am",
            "Appointment at Somewhere",
            "2026-06-03T10:00:00Z",
            "2026-06-03T10:25:00Z",
        ),
        ("Lunch tomorrow at noon", "Lunch", "2026-03-05T12:00:00Z", "2026-03-05T13:00:00Z"),
        ("Dinner Friday 7pm for 2 hours", "Dinner", "2026-03-06T19:00:00Z", "2026-03-06T21:00:00Z"),
        ("Call from 3 to 5pm", "Call", "2026-03-04T15:00:00Z", "2026-03-04T17:00:00Z"),
        ("Party tonight 23:00-01:00", "Party", "2026-03-04T23:00:00Z", "2026-03-05T01:00:00Z"),
        ("Think", "Think", "2026-03-04T13:00:00Z", "2026-03-04T14:00:00Z"),
        ("Holiday 2026-08-01", "Holiday", "2026-08-01", "2026-08-02"),
        ("Offsite on 1 February", "Offsite", "2027-02-01", "2027-02-02"),
        ("Review next Monday", "Review", "2026-03-16", "2026-03-17"),
    ],
)
def test_a_sentence_becomes_an_event(ada: Any, text: str, summary: str, start: str, end: str) -> None:
    event = ada.call("events.quickAdd", text=text)

    assert event["summary"] == summary
    assert event["start"].get("dateTime", event["start"].get("date")) == start
    assert event["end"].get("dateTime", event["end"].get("date")) == end


def test_quick_add_needs_a_text(ada: Any) -> None:
    assert ada.refused("events.quickAdd")["reason"] == "required"


@pytest.mark.parametrize("text", ["at 99:99", "on 31 February at 25pm", "0am - 0pm", "for 0 hours", "-", "12:5"])
def test_quick_add_makes_something_of_every_sentence(ada: Any, text: str) -> None:
    assert ada.call("events.quickAdd", text=text)["status"] == "confirmed"
