"""
Requests that mean harm: too deep, too long, half a character. Chance would hardly make them.
"""

from __future__ import annotations

import time
from base64 import urlsafe_b64encode

import pytest

from mailgrant.sandbox.frame.discovery import method
from mailgrant.sandbox.frame.wire import HttpRequest

from .bench import Bench, Order
from .recipes import HOUR, ZONED
from .test_fuzz import LONGEST_SECONDS, judge

PATH = {"userId": "me", "calendarId": "primary"}
DEEP = 5000

BODIES = {
    "deep list": b"[" * DEEP,
    "deep object": b'{"message":' * DEEP,
    "deep parts": b'{"payload":{"parts":[' * 300 + b"]}" * 300 + b"}",
    "long number": b'{"sequence":' + b"9" * DEEP + b"}",
    "infinite number": b'{"sequence":1e400}',
    "not a number": b'{"summary":NaN}',
    "half a character": rb'{"summary":"\ud800","name":"\ud800"}',
    "not UTF-8": b'{"summary":"\xff"}',
    "text": b'"lunch"',
    "nothing": b"null",
    "two": b"{}{}",
}
TAKERS = (
    "gmail.users.drafts.create",
    "gmail.users.labels.create",
    "gmail.users.messages.insert",
    "calendar.calendars.insert",
    "calendar.events.insert",
    "calendar.freebusy.query",
)


def ask(order: Order) -> int:
    """Make a call, judge its answer and the time it took, and return its status."""
    bench = Bench()
    begun = time.perf_counter()
    answer = bench.send(order)
    assert time.perf_counter() - begun < LONGEST_SECONDS
    judge(order, answer)
    return answer.status


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("method_id", TAKERS)
def test_a_body_that_means_harm_is_refused(method_id: str, name: str) -> None:
    assert ask(Order(method(method_id), path=PATH, body=BODIES[name])) == 400 or name in {"nothing", "not a number"}


@pytest.mark.parametrize(
    ("method_id", "body"),
    [
        ("gmail.users.settings.updateVacation", {"endTime": str(2**63)}),
        ("gmail.users.labels.create", {"name": "Lunch", "messagesTotal": 2**31}),
        ("calendar.events.insert", {"summary": "Lunch", **HOUR, "sequence": 2**31}),
    ],
)
def test_a_number_too_large_for_its_field_is_refused(method_id: str, body: dict[str, object]) -> None:
    assert ask(Order(method(method_id), path=PATH, body=body)) == 400


@pytest.mark.parametrize("mask", ["a(", "items(", "messages(", "(", "a/", "items/", ")"])
@pytest.mark.parametrize("method_id", ["gmail.users.messages.list", "calendar.events.list"])
def test_a_mask_without_end_is_refused(method_id: str, mask: str) -> None:
    assert ask(Order(method(method_id), path=PATH, query=[("fields", mask * DEEP)])) == 400


@pytest.mark.parametrize("part", ["(", "{", "-", '"', "a OR ", "from:(", "-(", "AROUND ", "a "])
def test_a_query_without_end_finds_something_or_nothing(part: str) -> None:
    for method_id in ("gmail.users.messages.list", "calendar.events.list"):
        assert ask(Order(method(method_id), path=PATH, query=[("q", part * DEEP)])) in {200, 400}


@pytest.mark.parametrize(
    "raw",
    [
        b"".join(b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(DEEP)),
        b"Content-Type: message/rfc822\r\n\r\n" * DEEP,
        b"To: " + b"grace@example.com, " * DEEP + b"\r\n\r\n",
        b"To: " + b"(" * DEEP + b"\r\n\r\n",
        b"Subject: " + b"=?utf-8?q?=C3?= " * DEEP + b"\r\n\r\n",
        b"References: " + b"<a@b> " * DEEP + b"\r\n\r\n",
        b"Content-Type: text/html\r\n\r\n" + b"<div>" * DEEP,
        b"Date: Thu, 99 Foo 99999999 99:99:99 +9999\r\n\r\n",
        b"\x00" * DEEP,
    ],
    ids=["parts", "mails in mails", "recipients", "comments", "words", "references", "HTML", "date", "nothing"],
)
def test_a_mail_of_any_make_is_taken_and_shown(raw: bytes) -> None:
    bench = Bench()
    made = bench.call("gmail.users.messages.insert", {"raw": urlsafe_b64encode(raw).decode()})

    for form in ("full", "metadata", "raw"):
        shown = Order(
            method("gmail.users.messages.get"), path={"userId": "me", "id": made["id"]}, query=[("format", form)]
        )
        answer = bench.send(shown)
        judge(shown, answer)
        assert answer.status == 200


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=SECONDLY",
        "FREQ=DAILY;INTERVAL=999999999",
        "FREQ=WEEKLY;COUNT=" + "9" * 300,
        "FREQ=YEARLY;BYDAY=53MO;BYWEEKNO=53",
        "FREQ=YEARLY;BYSETPOS=366",
    ],
)
def test_a_rule_without_sense_is_refused(rule: str) -> None:
    body = {"summary": "Lunch", **ZONED, "recurrence": [f"RRULE:{rule}"]}

    assert ask(Order(method("calendar.events.insert"), path=PATH, body=body)) == 400


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "9999-12-31T23:59:59Z"])
def test_the_ends_of_time_are_no_trouble(moment: str) -> None:
    for name in ("timeMin", "timeMax", "updatedMin"):
        ask(Order(method("calendar.events.list"), path=PATH, query=[(name, moment), ("singleEvents", "true")]))
    for name in ("start", "end"):
        ask(Order(method("calendar.events.insert"), path=PATH, body={**HOUR, name: {"dateTime": moment}}))


@pytest.mark.parametrize(
    "target",
    [
        "/gmail/v1/users/me/messages/%00",
        "/gmail/v1/users/me/messages/%ff",
        "/gmail/v1/users/me/messages?q=%ff&maxResults=%",
        "/gmail/v1/users/me/messages?maxResults=%D9%A3",
        "/calendar/v3/calendars/%2e%2e/events",
        "/calendar/v3/calendars/primary/events?pageToken=a&syncToken=%00",
        "/calendar/v3/calendars/primary/events?timeMin=2026-99-99T99:99:99Z",
        "/calendar/v3/calendars/primary/events?" + "timeMin&" * DEEP,
    ],
)
def test_a_crooked_address_is_refused(target: str) -> None:
    bench = Bench()
    answer = bench.world.handle(HttpRequest("GET", target, headers={"authorization": f"Bearer {bench.token()}"}))

    assert 400 <= answer.status < 500
