"""Series and their instances: ids, exceptions, and what a change of the whole does to its parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Weekly = Callable[..., Any]


def slots(ada: Any, event_id: str, **params: Any) -> list[str]:
    """The instances of a series, by what follows the series' id in theirs."""
    items = ada.call("events.instances", eventId=event_id, **params)["items"]
    return [item["id"].rpartition("_")[2] for item in items]


def test_a_list_shows_the_series_or_its_instances(ada: Any, weekly: Weekly) -> None:
    staff = weekly()

    assert [item["id"] for item in ada.listed()["items"]] == [staff["id"]]
    expanded = ada.listed(singleEvents=True)["items"]
    assert [item["id"] for item in expanded] == [
        f"{staff['id']}_20260319T090000Z",
        f"{staff['id']}_20260326T090000Z",
        f"{staff['id']}_20260402T080000Z",
        f"{staff['id']}_20260409T080000Z",
    ]


def test_an_instance_names_its_series_and_has_no_rule(ada: Any, weekly: Weekly) -> None:
    staff = weekly()

    instance = ada.listed(singleEvents=True)["items"][2]

    assert instance["recurringEventId"] == staff["id"]
    assert instance["iCalUID"] == staff["iCalUID"]
    assert instance["originalStartTime"] == {"dateTime": "2026-04-02T08:00:00Z", "timeZone": "Europe/Zurich"}
    assert "recurrence" not in instance
    assert staff["recurrence"] == ["RRULE:FREQ=WEEKLY;COUNT=4"]


def test_an_all_day_instance_is_named_by_its_day(ada: Any) -> None:
    event = ada.add("Holiday", "2026-03-05", recurrence=["RRULE:FREQ=YEARLY"])

    instance = ada.event(f"{event['id']}_20270305")

    assert instance["start"] == {"date": "2027-03-05"}
    assert instance["end"] == {"date": "2027-03-06"}
    assert instance["originalStartTime"] == {"date": "2027-03-05"}


def test_an_instance_can_be_read_and_changed_before_it_is_stored(ada: Any, weekly: Weekly) -> None:
    staff = weekly()
    second = f"{staff['id']}_20260326T090000Z"

    assert ada.event(second)["summary"] == "Staff"
    patched = ada.patch(second, summary="Party", location="Garden")

    assert (patched["id"], patched["summary"]) == (second, "Party")
    assert ada.summaries(singleEvents=True) == ["Staff", "Party", "Staff", "Staff"]
    assert ada.summaries() == ["Staff", "Party"]
    assert ada.event(staff["id"])["summary"] == "Staff"


def test_an_instance_that_the_series_does_not_have_is_not_found(ada: Any, weekly: Weekly) -> None:
    staff = weekly()

    for stamp in ("20260327T090000Z", "20260326", "x", ""):
        assert ada.refused("events.get", eventId=f"{staff['id']}_{stamp}")["status"] == 404


def test_a_moved_instance_keeps_its_id_and_its_original_start(ada: Any, weekly: Weekly) -> None:
    staff = weekly()
    second = f"{staff['id']}_20260326T090000Z"

    moved = ada.patch(
        second, start={"dateTime": "2026-03-27T10:00:00+01:00"}, end={"dateTime": "2026-03-27T11:00:00+01:00"}
    )

    assert moved["originalStartTime"]["dateTime"] == "2026-03-26T09:00:00Z"
    window = {"timeMin": "2026-03-27T00:00:00Z", "timeMax": "2026-03-28T00:00:00Z"}
    assert [item["id"] for item in ada.listed(singleEvents=True, **window)["items"]] == [second]
    day_before = {"timeMin": "2026-03-26T00:00:00Z", "timeMax": "2026-03-27T00:00:00Z"}
    assert ada.listed(singleEvents=True, **day_before)["items"] == []


def test_a_deleted_instance_is_cancelled_and_the_others_stay(ada: Any, weekly: Weekly) -> None:
    staff = weekly()
    second = f"{staff['id']}_20260326T090000Z"

    ada.call("events.delete", eventId=second)

    assert slots(ada, staff["id"]) == ["20260319T090000Z", "20260402T080000Z", "20260409T080000Z"]
    assert ada.event(second) == {
        "kind": "calendar#event",
        "etag": ada.event(second)["etag"],
        "id": second,
        "status": "cancelled",
        "recurringEventId": staff["id"],
        "originalStartTime": {"dateTime": "2026-03-26T09:00:00Z", "timeZone": "Europe/Zurich"},
    }
    assert ada.refused("events.delete", eventId=second)["status"] == 410


def test_cancelled_exceptions_show_beside_their_series_but_not_among_instances(ada: Any, weekly: Weekly) -> None:
    staff = weekly()
    second = f"{staff['id']}_20260326T090000Z"
    ada.call("events.delete", eventId=second)

    assert [item["status"] for item in ada.listed()["items"]] == ["confirmed", "cancelled"]
    assert len(ada.listed(singleEvents=True)["items"]) == 3
    assert len(ada.listed(singleEvents=True, showDeleted=True)["items"]) == 4
    assert len(slots(ada, staff["id"], showDeleted=True)) == 4


def test_a_patch_to_cancelled_deletes_an_instance_and_one_to_confirmed_revives_it(ada: Any, weekly: Weekly) -> None:
    staff = weekly()
    second = f"{staff['id']}_20260326T090000Z"

    assert ada.patch(second, status="cancelled")["status"] == "cancelled"
    assert len(slots(ada, staff["id"])) == 3
    assert ada.patch(second, status="confirmed")["summary"] == "Staff"
    assert len(slots(ada, staff["id"])) == 4


def test_a_change_of_the_series_reaches_its_exceptions_but_for_what_they_changed(ada: Any, weekly: Weekly) -> None:
    staff = weekly()
    second = f"{staff['id']}_20260326T090000Z"
    ada.patch(second, location="Garden")

    ada.patch(staff["id"], summary="Stand-up")

    instance = ada.event(second)
    assert (instance["summary"], instance["location"]) == ("Stand-up", "Garden")


def test_writing_back_a_whole_instance_makes_only_the_difference_an_exception(ada: Any, weekly: Weekly) -> None:
    staff = weekly()
    instance = ada.listed(singleEvents=True)["items"][1]

    ada.call("events.update", {**instance, "location": "Garden"}, eventId=instance["id"])
    ada.patch(staff["id"], summary="Stand-up")

    assert ada.event(instance["id"])["summary"] == "Stand-up"
    assert ada.event(instance["id"])["location"] == "Garden"


def test_moving_a_series_resets_its_exceptions(ada: Any, weekly: Weekly) -> None:
    staff = weekly()
    ada.patch(f"{staff['id']}_20260326T090000Z", summary="Party")

    ada.patch(
        staff["id"], start={"dateTime": "2026-03-19T11:00:00+01:00"}, end={"dateTime": "2026-03-19T12:00:00+01:00"}
    )

    assert ada.summaries(singleEvents=True) == ["Staff"] * 4
    assert slots(ada, staff["id"])[0] == "20260319T100000Z"


def test_a_shorter_rule_keeps_the_exceptions_it_still_has_room_for(ada: Any, weekly: Weekly) -> None:
    staff = weekly()
    ada.patch(f"{staff['id']}_20260326T090000Z", summary="Party")
    ada.patch(f"{staff['id']}_20260409T080000Z", summary="Farewell")

    ada.patch(staff["id"], recurrence=["RRULE:FREQ=WEEKLY;COUNT=2"])

    assert ada.summaries(singleEvents=True) == ["Staff", "Party"]


def test_a_series_can_be_cut_and_continued(ada: Any, weekly: Weekly) -> None:
    staff = weekly("RRULE:FREQ=WEEKLY")

    ada.patch(staff["id"], recurrence=["RRULE:FREQ=WEEKLY;UNTIL=20260326T085959Z"])
    weekly("RRULE:FREQ=WEEKLY;COUNT=2", summary="Stand-up")

    assert sorted(ada.summaries(singleEvents=True)) == ["Staff", "Stand-up", "Stand-up"]


def test_a_series_becomes_a_single_event(ada: Any, weekly: Weekly) -> None:
    staff = weekly()

    ada.patch(staff["id"], recurrence=None)

    assert len(ada.listed(singleEvents=True)["items"]) == 1
    assert "recurrence" not in ada.event(staff["id"])


def test_deleting_the_series_takes_its_exceptions_along(ada: Any, weekly: Weekly) -> None:
    staff = weekly()
    ada.patch(f"{staff['id']}_20260326T090000Z", summary="Party")

    ada.call("events.delete", eventId=staff["id"])

    assert ada.summaries(singleEvents=True) == []
    assert ada.summaries() == []
    assert ada.event(f"{staff['id']}_20260326T090000Z")["status"] == "cancelled"


def test_an_exdate_hides_an_instance(ada: Any, weekly: Weekly) -> None:
    staff = weekly("RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE;TZID=Europe/Zurich:20260326T100000")

    assert slots(ada, staff["id"]) == ["20260319T090000Z", "20260402T080000Z"]
    assert ada.refused("events.get", eventId=f"{staff['id']}_20260326T090000Z")["status"] == 404


def test_a_timed_series_needs_a_zone_at_both_ends(ada: Any) -> None:
    body = {
        "start": {"dateTime": "2026-03-19T10:00:00Z", "timeZone": "UTC"},
        "end": {"dateTime": "2026-03-19T11:00:00Z"},
        "recurrence": ["RRULE:FREQ=DAILY"],
    }

    assert ada.refused("events.insert", body)["message"] == "Missing time zone definition for end time."


def test_instances_count_their_lower_bound(ada: Any, weekly: Weekly) -> None:
    staff = weekly()
    window = {"timeMin": "2026-03-26T10:00:00Z", "timeMax": "2026-04-02T08:00:00Z"}

    assert slots(ada, staff["id"], **window) == ["20260326T090000Z"]


def test_an_instance_is_found_by_its_original_start(ada: Any, weekly: Weekly) -> None:
    staff = weekly()
    holiday = ada.add("Holiday", "2026-03-05", recurrence=["RRULE:FREQ=YEARLY"])

    assert slots(ada, staff["id"], originalStart="2026-03-26T10:00:00+01:00") == ["20260326T090000Z"]
    assert slots(ada, holiday["id"], originalStart="2028-03-05") == ["20280305"]
    assert ada.refused("events.instances", eventId=staff["id"], originalStart="Tx")["status"] == 400


def test_instances_come_in_pages(ada: Any, weekly: Weekly) -> None:
    staff = weekly()

    first = ada.call("events.instances", eventId=staff["id"], maxResults=3)
    last = ada.call("events.instances", eventId=staff["id"], maxResults=3, pageToken=first["nextPageToken"])

    assert (len(first["items"]), len(last["items"])) == (3, 1)
    assert "nextPageToken" not in last


def test_only_a_series_has_instances(ada: Any) -> None:
    assert ada.refused("events.instances", eventId=ada.add()["id"])["status"] == 400


def test_a_single_instance_cannot_be_moved_to_another_calendar(ada: Any, weekly: Weekly) -> None:
    staff = weekly()
    other = ada.call("calendars.insert", {"summary": "Work"})["id"]

    error = ada.refused("events.move", eventId=f"{staff['id']}_20260326T090000Z", destination=other)

    assert error["reason"] == "cannotChangeOrganizerOfInstance"


def test_a_series_moves_with_its_exceptions(ada: Any, weekly: Weekly) -> None:
    staff = weekly()
    ada.patch(f"{staff['id']}_20260326T090000Z", summary="Party")
    other = ada.call("calendars.insert", {"summary": "Work"})["id"]

    ada.call("events.move", eventId=staff["id"], destination=other)

    assert ada.summaries(calendarId=other, singleEvents=True) == ["Staff", "Party", "Staff", "Staff"]
    assert ada.summaries(singleEvents=True) == []


@pytest.mark.parametrize("times", [("1604-02-29", "1604-03-01"), ("9997-01-01", "9997-12-01")])
def test_a_series_at_the_edge_of_time_breaks_nothing(ada: Any, times: tuple[str, str]) -> None:
    start, end = times
    body = {"start": {"date": start}, "end": {"date": end}, "recurrence": ["RRULE:FREQ=YEARLY"]}
    event = ada.call("events.insert", body)

    assert ada.send("events.list", singleEvents=True, maxResults=5, timeZone="Pacific/Kiritimati").status == 200
    assert ada.send("events.list", timeMin="2026-01-01T00:00:00Z", timeMax="2027-01-01T00:00:00Z").status == 200
    assert ada.send("events.instances", eventId=event["id"], maxResults=5).status == 200


def test_instances_that_never_end_are_refused(ada: Any) -> None:
    body = {"start": {"date": "2026-01-01"}, "end": {"date": "2028-01-01"}, "recurrence": ["RRULE:FREQ=DAILY"]}

    assert ada.refused("events.insert", body)["reason"] == "timeRangeTooLong"


@pytest.mark.timeout(20)  # Walked from its start it would take minutes.
@pytest.mark.parametrize("rule", ["FREQ=DAILY", "FREQ=DAILY;COUNT=999999999", "FREQ=MONTHLY"])
def test_a_series_from_the_old_days_is_listed_in_no_time(ada: Any, rule: str) -> None:
    event = ada.add("Prayer", "1604-01-01", recurrence=[f"RRULE:{rule}"])
    token = ada.listed(singleEvents=True, timeMin="2026-01-01T00:00:00Z", timeMax="2026-02-01T00:00:00Z")

    ada.listed(singleEvents=True, orderBy="updated", maxResults=1)
    ada.listed(timeMin="2026-01-01T00:00:00Z")
    ada.patch(event["id"], recurrence=["RRULE:FREQ=YEARLY"])
    ada.listed(singleEvents=True, syncToken=token["nextSyncToken"])

    assert ada.summaries(singleEvents=True, maxResults=1) == ["Prayer"]
