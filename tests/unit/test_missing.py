"""What Google does not find is said by its name."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from mailgrant.errors import MailgrantError, NotFound
from mailgrant.http import Request, Response
from mailgrant.missing import missing
from mailgrant.verdict import judge

GMAIL = "https://gmail.googleapis.com/gmail/v1/users/me"
UPLOAD = "https://gmail.googleapis.com/upload/gmail/v1/users/me"
CALENDARS = "https://www.googleapis.com/calendar/v3/calendars"
ABSENT = {"code": 404, "message": "Requested entity was not found.", "errors": [{"reason": "notFound"}]}


def error(request: Request, status: int, said: dict[str, object]) -> MailgrantError:
    answer = Response(status, body=json.dumps({"error": said}).encode())
    verdict = judge(request, answer, attempt=1, chance=0.0, now=datetime(2026, 3, 5, tzinfo=UTC))
    assert verdict.error is not None
    return verdict.error


@pytest.mark.parametrize(
    ("address", "method", "said"),
    [
        (f"{GMAIL}/messages/19c?format=full", "messages.get", "no message '19c'."),
        (f"{GMAIL}/messages/19c/trash", "messages.trash", "no message '19c'."),
        (f"{GMAIL}/messages/19c/attachments/ANG", "messages.attachments.get", "'19c', or it has no such attachment."),
        (f"{GMAIL}/threads/19c", "threads.get", "no thread '19c'."),
        (f"{GMAIL}/drafts/r-5", "drafts.delete", "no draft 'r-5'."),
        (f"{UPLOAD}/drafts/r-5?uploadType=resumable", "drafts.update", "no draft 'r-5'."),
        (f"{GMAIL}/labels/Label_1", "labels.delete", "no label 'Label_1'."),
        (f"{GMAIL}/settings/filters/f1", "settings.filters.delete", "no filter 'f1'."),
        (f"{GMAIL}/settings/sendAs/a%40b.com", "settings.sendAs.patch", "no address to send as 'a@b.com'."),
    ],
)
def test_what_gmail_does_not_find_is_named(address: str, method: str, said: str) -> None:
    found = missing(address, f"gmail.users.{method}", 404, "notFound")

    assert found is not None
    assert found.message.startswith("There is no ")
    assert found.message.endswith(said)
    assert found.hint


@pytest.mark.parametrize(
    ("path", "method", "said"),
    [
        ("team/events", "list", "There is no calendar 'team', or it may not be seen."),
        ("a%40b.com/events/watch", "watch", "There is no calendar 'a@b.com', or it may not be seen."),
        ("team/events/quickAdd?text=Tea", "quickAdd", "There is no calendar 'team', or it may not be seen."),
        ("team/events/tea", "get", "There is no event 'tea' in the calendar 'team'."),
        ("team/events/tea/instances", "instances", "There is no event 'tea' in the calendar 'team'."),
        (
            "team/events/tea/move?destination=b%40c.com",
            "move",
            "There is no event 'tea' in the calendar 'team', or no calendar 'b@c.com' to move it to.",
        ),
    ],
)
def test_what_calendar_does_not_find_is_named(path: str, method: str, said: str) -> None:
    found = missing(f"{CALENDARS}/{path}", f"calendar.events.{method}", 404, "notFound")

    assert found is not None
    assert found.message == said
    assert "mailgrant calendar list" in found.hint


def test_a_deleted_event_is_told_from_one_that_never_was() -> None:
    found = missing(f"{CALENDARS}/primary/events/tea", "calendar.events.delete", 410, "deleted")

    assert found is not None
    assert (found.message, found.hint) == ("The event tea was deleted from the calendar 'primary'.", "")


@pytest.mark.parametrize(
    ("address", "operation", "status", "reason"),
    [
        # Some page in between, which is not Google's word.
        (f"{GMAIL}/messages/19c", "gmail.users.messages.get", 404, ""),
        (f"{GMAIL}/messages/19c", "gmail.users.messages.get", 403, "forbidden"),
        (f"{GMAIL}/messages/send", "gmail.users.messages.send", 404, "notFound"),
        (f"{UPLOAD}/drafts/send", "gmail.users.drafts.send", 404, "notFound"),
        (f"{GMAIL}/history?startHistoryId=1", "gmail.users.history.list", 404, "notFound"),
        (f"{GMAIL}/settings/vacation", "gmail.users.settings.updateVacation", 404, "notFound"),
        (f"{GMAIL}", "gmail.users.odd", 404, "notFound"),
        ("https://gmail.googleapis.com/gmail/v1/users", "gmail.users.odd", 404, "notFound"),
        (f"{CALENDARS}/team/acl/user:a", "calendar.acl.get", 404, "notFound"),
        (f"{CALENDARS}/team/events?syncToken=old", "calendar.events.list", 410, "fullSyncRequired"),
        (f"{CALENDARS}", "calendar.events.odd", 404, "notFound"),
        ("https://oauth2.googleapis.com/token", "oauth.token", 404, "notFound"),
    ],
)
def test_where_the_address_does_not_tell_google_speaks_for_itself(
    address: str, operation: str, status: int, reason: str
) -> None:
    assert missing(address, operation, status, reason) is None


def test_the_error_keeps_what_google_said_for_programs() -> None:
    request = Request.get(f"{GMAIL}/messages/19c", operation="gmail.users.messages.get")

    refused = error(request, 404, ABSENT)

    assert isinstance(refused, NotFound)
    assert refused.message == "There is no message '19c'."
    assert (refused.status, refused.reason, refused.operation) == (404, "notFound", "gmail.users.messages.get")


def test_a_refusal_that_names_nothing_is_googles_own_sentence() -> None:
    request = Request("POST", f"{GMAIL}/messages/send", operation="gmail.users.messages.send")

    refused = error(request, 404, ABSENT)

    assert str(refused) == "Requested entity was not found. (gmail.users.messages.send, 404 notFound)"
