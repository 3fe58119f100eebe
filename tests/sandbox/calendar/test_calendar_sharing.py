"""Calendars, lists of them, sharing, free and busy, colours and settings."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

ADA, GRACE = "ada@example.com", "grace@example.com"


def share(ada: Any, role: str, **scope: str) -> Any:
    return ada.call("acl.insert", {"role": role, "scope": scope or {"type": "user", "value": GRACE}})


def free_busy(desk: Any, *ids: str, **more: Any) -> Any:
    body = {"timeMin": "2026-03-05T00:00:00Z", "timeMax": "2026-03-07T00:00:00Z", "items": [{"id": i} for i in ids]}
    return desk.call("freebusy.query", body | more)


def test_the_primary_calendar_is_known_by_the_address_and_by_its_alias(ada: Any) -> None:
    calendar = ada.call("calendars.get")

    assert calendar == ada.call("calendars.get", calendarId=ADA)
    assert {name: calendar[name] for name in calendar if name != "etag"} == {
        "kind": "calendar#calendar",
        "id": ADA,
        "summary": ADA,
        "timeZone": "UTC",
        "conferenceProperties": {"allowedConferenceSolutionTypes": ["hangoutsMeet"]},
    }


def test_a_secondary_calendar_comes_changes_and_goes(ada: Any) -> None:
    made = ada.call("calendars.insert", {"summary": "Work", "timeZone": "Europe/Zurich"})
    name = made["id"]
    assert name.startswith("c_")
    assert name.endswith("@group.calendar.google.com")
    assert made["dataOwner"] == ADA

    patched = ada.call("calendars.patch", {"description": "Nine to five"}, calendarId=name)
    assert (patched["summary"], patched["description"]) == ("Work", "Nine to five")
    updated = ada.call("calendars.update", {"summary": "Toil"}, calendarId=name)
    assert "description" not in updated
    assert updated["timeZone"] == "Europe/Zurich"

    assert ada.send("calendars.delete", calendarId=name).status == 204
    assert ada.refused("calendars.get", calendarId=name)["status"] == 404
    assert [entry["id"] for entry in ada.call("calendarList.list")["items"]] == [ADA]


def test_a_calendar_needs_a_title_and_a_zone_that_exists(ada: Any) -> None:
    assert ada.refused("calendars.insert", {})["reason"] == "required"
    assert ada.refused("calendars.insert", {"summary": "Work", "timeZone": "Mars"})["reason"] == "invalid"
    assert ada.refused("calendars.patch", {"summary": None})["reason"] == "required"


def test_the_primary_calendar_is_cleared_never_deleted_and_others_the_other_way_round(ada: Any) -> None:
    other = ada.call("calendars.insert", {"summary": "Work"})["id"]

    assert ada.refused("calendars.delete")["status"] == 400
    assert ada.refused("calendars.clear", calendarId=other)["status"] == 400
    assert ada.send("calendars.clear").status == 204


def test_nobody_is_an_administrator_who_could_transfer_a_calendar(ada: Any) -> None:
    error = ada.refused("calendars.transferOwnership", newDataOwner=GRACE, useAdminAccess=True)

    assert error["status"] == 403


def test_the_list_says_how_a_person_sees_their_calendars(ada: Any) -> None:
    ada.call("calendars.insert", {"summary": "Work"})

    primary, work = ada.call("calendarList.list")["items"]

    assert primary["primary"] is True
    assert (primary["accessRole"], primary["selected"]) == ("owner", True)
    assert "primary" not in work
    assert work["backgroundColor"] != primary["backgroundColor"]


def test_an_entry_is_changed_by_patch_and_replaced_by_update(ada: Any) -> None:
    entry = ada.call("calendarList.patch", {"summaryOverride": "Me", "hidden": True, "colorId": "5"})
    assert (entry["summaryOverride"], entry["hidden"], entry["backgroundColor"]) == ("Me", True, "#ff7537")
    assert ada.call("calendarList.list")["items"] == []
    assert len(ada.call("calendarList.list", showHidden=True)["items"]) == 1

    updated = ada.call("calendarList.update", {"selected": True})
    assert not {"summaryOverride", "hidden"} & updated.keys()
    assert updated["colorId"] == "5"
    assert ada.refused("calendarList.patch", {"colorId": "25"})["status"] == 400


def test_colours_by_name_need_their_switch(ada: Any) -> None:
    own = {"backgroundColor": "#123456", "foregroundColor": "#ffffff"}

    assert ada.call("calendarList.patch", own)["backgroundColor"] == "#9fe1e7"
    assert ada.call("calendarList.patch", own, colorRgbFormat=True)["backgroundColor"] == "#123456"
    assert ada.refused("calendarList.patch", {"backgroundColor": "red"}, colorRgbFormat=True)["status"] == 400


def test_a_stale_list_entry_is_not_overwritten(ada: Any) -> None:
    headers = {"if-match": '"1"'}

    assert ada.refused("calendarList.patch", {"selected": False}, headers=headers)["status"] == 412
    assert ada.refused("calendars.patch", {"summary": "x"}, headers=headers)["status"] == 412


def test_the_list_comes_in_pages_and_syncs(ada: Any) -> None:
    for name in ("One", "Two"):
        ada.call("calendars.insert", {"summary": name})

    first = ada.call("calendarList.list", maxResults=2)
    last = ada.call("calendarList.list", maxResults=2, pageToken=first["nextPageToken"])
    token = last["nextSyncToken"]
    ada.call("calendars.delete", calendarId=last["items"][0]["id"])
    synced = ada.call("calendarList.list", syncToken=token)

    assert (len(first["items"]), len(last["items"])) == (2, 1)
    assert [entry["deleted"] for entry in synced["items"]] == [True]
    assert ada.refused("calendarList.list", syncToken="x")["status"] == 410
    assert ada.refused("calendarList.list", syncToken=token, minAccessRole="owner")["status"] == 400


def test_a_calendar_is_invisible_until_it_is_shared(ada: Any, grace: Any) -> None:
    event = ada.add()

    for name in ("events.list", "calendars.get", "acl.list", "calendarList.get"):
        assert grace.refused(name, calendarId=ADA)["status"] == 404
    assert grace.refused("events.get", calendarId=ADA, eventId=event["id"])["status"] == 404


def test_a_reader_reads_and_does_not_write(ada: Any, grace: Any) -> None:
    event = ada.add("Lunch", location="Canteen")
    share(ada, "reader")

    assert grace.event(event["id"], calendarId=ADA)["location"] == "Canteen"
    error = grace.refused("events.patch", {"summary": "x"}, calendarId=ADA, eventId=event["id"])
    assert (error["status"], error["reason"], error["domain"]) == (403, "requiredAccessLevel", "calendar")
    assert grace.refused("acl.list", calendarId=ADA)["status"] == 403


def test_a_reader_sees_of_a_private_event_only_when_it_is(ada: Any, grace: Any) -> None:
    event = ada.add("Dentist", visibility="private")
    share(ada, "reader")

    seen = grace.event(event["id"], calendarId=ADA)

    assert "summary" not in seen
    assert (seen["start"], seen["visibility"]) == (event["start"], "private")


def test_one_who_may_know_only_when_sees_nothing_else(ada: Any, grace: Any) -> None:
    ada.add("Lunch")
    share(ada, "freeBusyReader")

    listed = grace.listed(calendarId=ADA)

    assert listed["accessRole"] == "freeBusyReader"
    assert "summary" not in listed["items"][0]


def test_a_writer_writes_in_the_owners_name(ada: Any, grace: Any) -> None:
    share(ada, "writer")

    event = grace.call(
        "events.insert", {"start": {"date": "2026-03-05"}, "end": {"date": "2026-03-06"}}, calendarId=ADA
    )

    assert event["organizer"] == {"email": ADA, "self": True}
    assert event["creator"] == {"email": GRACE}
    assert grace.refused("calendars.patch", {"summary": "x"}, calendarId=ADA)["status"] == 403


def test_a_writer_without_private_access_leaves_private_events_alone(ada: Any, grace: Any) -> None:
    event = ada.add("Dentist", visibility="private")
    share(ada, "writerWithoutPrivateAccess")

    assert grace.refused("events.delete", calendarId=ADA, eventId=event["id"])["status"] == 403


def test_a_shared_calendar_is_on_the_list_and_can_be_taken_off_it(ada: Any, grace: Any) -> None:
    share(ada, "reader")
    assert [entry["accessRole"] for entry in grace.call("calendarList.list")["items"]] == ["owner", "reader"]
    assert len(grace.call("calendarList.list", minAccessRole="writer")["items"]) == 1

    assert grace.send("calendarList.delete", calendarId=ADA).status == 204
    assert grace.refused("calendarList.get", calendarId=ADA)["status"] == 404
    assert grace.call("calendarList.list", showDeleted=True)["items"][1]["deleted"] is True
    assert grace.call("calendarList.insert", {"id": ADA, "selected": True})["id"] == ADA
    assert grace.refused("calendarList.delete")["status"] == 400
    assert grace.refused("calendarList.insert", {})["reason"] == "required"


@pytest.mark.parametrize(
    "scope", [{"type": "default"}, {"type": "domain", "value": "example.com"}], ids=["public", "the domain"]
)
def test_a_rule_for_many_lets_each_of_them_in(ada: Any, grace: Any, scope: dict[str, str]) -> None:
    share(ada, "reader", **scope)

    assert grace.listed(calendarId=ADA)["accessRole"] == "reader"


def test_rules_are_read_changed_and_taken_away(ada: Any, grace: Any) -> None:
    rule = share(ada, "reader")
    assert rule["id"] == f"user:{GRACE}"
    assert ada.call("acl.get", ruleId=rule["id"]) == rule
    token = ada.call("acl.list")["nextSyncToken"]

    assert ada.call("acl.patch", {"role": "writer"}, ruleId=rule["id"])["role"] == "writer"
    assert ada.call("acl.update", {"role": "owner"}, ruleId=rule["id"])["role"] == "owner"
    assert ada.send("acl.delete", ruleId=rule["id"]).status == 204

    assert grace.refused("events.list", calendarId=ADA)["status"] == 404
    assert ada.refused("acl.get", ruleId=rule["id"])["status"] == 404
    assert len(ada.call("acl.list")["items"]) == 1
    assert [item["role"] for item in ada.call("acl.list", syncToken=token)["items"]] == ["none"]
    assert len(ada.call("acl.list", showDeleted=True)["items"]) == 2


@pytest.mark.parametrize(
    "body",
    [
        {"scope": {"type": "user", "value": GRACE}},
        {"role": "king", "scope": {"type": "user", "value": GRACE}},
        {"role": "reader"},
        {"role": "reader", "scope": {"type": "user"}},
        {"role": "reader", "scope": {"type": "user", "value": "grace"}},
        {"role": "reader", "scope": {"type": "default", "value": "x"}},
        {"role": "reader", "scope": {"type": "planet", "value": "x"}},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(ada: Any, body: dict[str, Any]) -> None:
    assert ada.refused("acl.insert", body)["status"] == 400


def test_an_owner_cannot_lock_themselves_out(ada: Any) -> None:
    assert ada.refused("acl.delete", ruleId=f"user:{ADA}")["status"] == 400
    assert ada.refused("acl.patch", {"role": "reader"}, ruleId=f"user:{ADA}")["status"] == 400


def test_free_and_busy_are_joined_cut_and_without_details(ada: Any) -> None:
    ada.add("One", "2026-03-05T12:00:00Z")
    ada.add("Two", "2026-03-05T13:00:00Z")
    ada.add("Three", "2026-03-05T18:00:00Z")

    answer = free_busy(ada, ADA)

    assert answer == {
        "kind": "calendar#freeBusy",
        "timeMin": "2026-03-05T00:00:00.000Z",
        "timeMax": "2026-03-07T00:00:00.000Z",
        "calendars": {
            ADA: {
                "busy": [
                    {"start": "2026-03-05T12:00:00Z", "end": "2026-03-05T14:00:00Z"},
                    {"start": "2026-03-05T18:00:00Z", "end": "2026-03-05T19:00:00Z"},
                ]
            }
        },
    }


def test_what_leaves_one_free_is_not_busy(ada: Any, grace: Any) -> None:
    ada.add("Free", transparency="transparent")
    cancelled = ada.add("Cancelled")
    ada.call("events.delete", eventId=cancelled["id"])
    declined = grace.add("Meeting", attendees=[{"email": ADA}])
    ada.patch(declined["id"], attendees=[{"email": ADA, "responseStatus": "declined"}])

    assert free_busy(ada, ADA)["calendars"][ADA]["busy"] == []


def test_busy_times_are_written_in_the_zone_asked_for_and_cut_to_the_range(ada: Any) -> None:
    ada.add("Trip", "2026-03-06", end={"date": "2026-03-09"})

    busy = free_busy(ada, ADA, timeZone="Europe/Zurich")["calendars"][ADA]["busy"]

    assert busy == [{"start": "2026-03-06T01:00:00+01:00", "end": "2026-03-07T01:00:00+01:00"}]


def test_calendars_one_may_not_see_are_errors_of_their_own(ada: Any, grace: Any) -> None:
    answer = free_busy(grace, ADA, GRACE, "nobody@example.org")

    error = {"errors": [{"domain": "global", "reason": "notFound"}], "busy": []}
    assert answer["calendars"] == {ADA: error, GRACE: {"busy": []}, "nobody@example.org": error}
    share(ada, "freeBusyReader")
    assert free_busy(grace, ADA)["calendars"][ADA] == {"busy": []}


def test_more_than_fifty_calendars_are_too_many(ada: Any) -> None:
    names = [f"person{number}@example.org" for number in range(51)]

    answer = free_busy(ada, *names)

    assert answer["calendars"][names[50]]["errors"][0]["reason"] == "tooManyCalendarsRequested"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"timeMin": None}, "required"),
        ({"timeMax": "2026-03-05T00:00:00Z"}, "timeRangeEmpty"),
        ({"timeMax": "2026-06-05T00:00:00Z"}, "timeRangeTooLong"),
        ({"timeMin": "2026-03-05"}, "badRequest"),
        ({"timeZone": "Mars"}, "invalid"),
    ],
)
def test_a_range_that_makes_no_sense_is_refused(ada: Any, body: dict[str, Any], reason: str) -> None:
    usual = {"timeMin": "2026-03-05T00:00:00Z", "timeMax": "2026-03-07T00:00:00Z", "items": [{"id": ADA}]}

    error = ada.refused("freebusy.query", usual | body)

    assert (error["status"], error["reason"]) == (400, reason)


def test_there_are_eleven_colours_for_events_and_24_for_calendars(ada: Any) -> None:
    colours = ada.call("colors.get")

    assert list(colours["event"]) == [str(number) for number in range(1, 12)]
    assert list(colours["calendar"]) == [str(number) for number in range(1, 25)]
    assert colours["event"]["1"] == {"background": "#a4bdfc", "foreground": "#1d1d1d"}
    assert colours["event"]["11"]["background"] == "#dc2127"
    assert colours["updated"] == "2012-02-14T00:00:00.000Z"


def test_settings_are_read_and_the_zone_is_the_calendars(ada: Any) -> None:
    ada.call("calendars.patch", {"timeZone": "Europe/Zurich"})

    listed = ada.call("settings.list")

    assert len(listed["items"]) == 12
    assert {"kind", "etag", "id", "value"} == set(listed["items"][0])
    assert ada.call("settings.get", setting="timezone")["value"] == "Europe/Zurich"
    assert ada.refused("settings.get", setting="mood")["status"] == 404
    assert ada.call("settings.list", syncToken=listed["nextSyncToken"])["items"] == []


@pytest.mark.parametrize("name", ["acl.list", "calendarList.list", "settings.list"])
def test_short_lists_refuse_foreign_pages_and_answer_304(ada: Any, name: str) -> None:
    etag = ada.call(name)["etag"]

    assert ada.refused(name, pageToken="x")["status"] == 400
    assert ada.refused(name, maxResults=0)["status"] == 400
    assert ada.send(name, headers={"if-none-match": etag}).status == 304


def test_a_list_of_calendars_forgets_after_a_month(ada: Any) -> None:
    token = ada.call("calendarList.list")["nextSyncToken"]
    ada.wait(timedelta(days=31))

    assert ada.refused("calendarList.list", syncToken=token)["reason"] == "fullSyncRequired"
