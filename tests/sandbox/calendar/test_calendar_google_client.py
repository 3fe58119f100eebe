"""Google's own Python client, unmodified, against a sandbox that is served."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from mailgrant.sandbox import Sandbox

SCOPE = "https://www.googleapis.com/auth/calendar"


@pytest.fixture
def service(world: Sandbox) -> Iterator[Any]:
    """Calendar as Google's client builds it, led here by its documented endpoint option."""
    with world.serve() as served:
        # google-auth calls every credential valid that has a token and no expiry.
        credentials = Credentials(token=world.authorize("ada@example.com", scopes=[SCOPE])["token"])
        options = {"api_endpoint": f"{served.url}/calendar/v3/"}
        with build("calendar", "v3", credentials=credentials, client_options=options) as built:
            yield built


def lunch(**more: Any) -> dict[str, Any]:
    return {
        "summary": "Lunch",
        "start": {"dateTime": "2026-03-05T12:00:00+01:00", "timeZone": "Europe/Zurich"},
        "end": {"dateTime": "2026-03-05T13:00:00+01:00", "timeZone": "Europe/Zurich"},
        **more,
    }


def test_an_event_is_added_read_changed_and_deleted(service: Any) -> None:
    events = service.events()

    added = events.insert(calendarId="primary", body=lunch()).execute()
    read = events.get(calendarId="primary", eventId=added["id"]).execute()
    read["location"] = "Canteen"
    updated = events.update(calendarId="primary", eventId=added["id"], body=read).execute()
    patched = events.patch(calendarId="primary", eventId=added["id"], body={"summary": "Supper"}).execute()

    assert (updated["location"], patched["location"], patched["summary"]) == ("Canteen", "Canteen", "Supper")
    assert events.delete(calendarId="primary", eventId=added["id"]).execute() == ""
    with pytest.raises(HttpError) as gone:
        events.delete(calendarId="primary", eventId=added["id"]).execute()
    assert gone.value.status_code == 410
    assert gone.value.reason == "Resource has been deleted"
    assert gone.value.error_details[0]["reason"] == "deleted"


def test_the_quickstart_prints_the_next_ten_events(service: Any) -> None:
    service.events().insert(calendarId="primary", body=lunch(recurrence=["RRULE:FREQ=DAILY"])).execute()
    now = datetime(2026, 3, 4, 12, tzinfo=UTC).isoformat()

    found = (
        service.events()
        .list(calendarId="primary", timeMin=now, maxResults=10, singleEvents=True, orderBy="startTime")
        .execute()
    )

    starts = [event["start"].get("dateTime", event["start"].get("date")) for event in found["items"]]
    assert starts[0] == "2026-03-05T11:00:00Z"
    assert len(starts) == 10


def test_pages_are_turned_and_the_sync_guide_works(service: Any) -> None:
    for number in range(5):
        service.events().insert(calendarId="primary", body=lunch(summary=f"Lunch {number}")).execute()
    titles, request = [], service.events().list(calendarId="primary", maxResults=2)
    while request is not None:
        page = request.execute()
        titles += [event["summary"] for event in page["items"]]
        request = service.events().list_next(request, page)
    assert titles == [f"Lunch {number}" for number in range(5)]

    service.events().quickAdd(calendarId="primary", text="Tea tomorrow at 4pm").execute()
    synced = service.events().list(calendarId="primary", syncToken=page["nextSyncToken"]).execute()

    assert [event["summary"] for event in synced["items"]] == ["Tea"]


def test_an_expired_sync_token_is_a_410_for_the_client(service: Any) -> None:
    with pytest.raises(HttpError) as refused:
        service.events().list(calendarId="primary", syncToken="old").execute()

    assert refused.value.status_code == 410
    assert refused.value.error_details[0]["reason"] == "fullSyncRequired"


def test_if_match_is_sent_as_the_versioning_guide_says(service: Any) -> None:
    added = service.events().insert(calendarId="primary", body=lunch()).execute()
    service.events().patch(calendarId="primary", eventId=added["id"], body={"summary": "Supper"}).execute()
    request = service.events().update(calendarId="primary", eventId=added["id"], body=added)
    request.headers["If-Match"] = added["etag"]

    with pytest.raises(HttpError) as refused:
        request.execute()

    assert refused.value.status_code == 412


def test_a_conference_a_series_and_its_instances(service: Any) -> None:
    wanted = {"createRequest": {"requestId": "one", "conferenceSolutionKey": {"type": "hangoutsMeet"}}}
    body = lunch(conferenceData=wanted, recurrence=["RRULE:FREQ=WEEKLY;COUNT=3"])

    added = service.events().insert(calendarId="primary", body=body, conferenceDataVersion=1).execute()
    instances = service.events().instances(calendarId="primary", eventId=added["id"]).execute()["items"]

    assert added["hangoutLink"].startswith("https://meet.google.com/")
    assert [item["recurringEventId"] for item in instances] == [added["id"]] * 3


def test_calendars_sharing_free_busy_colours_and_settings(service: Any) -> None:
    made = service.calendars().insert(body={"summary": "Work"}).execute()
    rule = {"role": "reader", "scope": {"type": "user", "value": "grace@example.com"}}
    service.acl().insert(calendarId=made["id"], body=rule).execute()
    service.events().insert(calendarId=made["id"], body=lunch()).execute()
    asked = {
        "timeMin": "2026-03-05T00:00:00Z",
        "timeMax": "2026-03-06T00:00:00Z",
        "items": [{"id": "primary"}, {"id": made["id"]}],
    }

    busy = service.freebusy().query(body=asked).execute()["calendars"]

    assert busy[made["id"]]["busy"] == [{"start": "2026-03-05T11:00:00Z", "end": "2026-03-05T12:00:00Z"}]
    assert [entry["id"] for entry in service.calendarList().list().execute()["items"]] == [
        "ada@example.com",
        made["id"],
    ]
    assert service.colors().get().execute()["kind"] == "calendar#colors"
    assert service.settings().get(setting="timezone").execute()["value"] == "UTC"
    service.calendars().delete(calendarId=made["id"]).execute()
