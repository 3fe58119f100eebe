"""Guests are written to when, and only when, the writer says so."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.diary.ics import read_ics

from .conftest import ADA, GRACE, Desk, times

OUTSIDE = "alan@elsewhere.example"
LUNCH = {"summary": "Lunch", **times("2026-03-05T12:00:00Z"), "attendees": [{"email": GRACE}, {"email": OUTSIDE}]}


def invite(ada: Desk, body: Any = LUNCH, **params: Any) -> Any:
    return ada.call("events.insert", body, **{"sendUpdates": "all", **params})


def mails(world: Sandbox) -> list[EmailMessage]:
    return [message_from_bytes(sent.raw, policy=policy.default) for sent in world.sent]


def calendar_of(mail: EmailMessage) -> str:
    part = mail.get_body(("calendar",))
    assert part is not None
    return str(part.get_content())


def test_every_guest_gets_a_mail_with_the_meeting(world: Sandbox, ada: Desk) -> None:
    event = invite(ada)

    sent = mails(world)
    assert [mail["To"] for mail in sent] == [OUTSIDE, GRACE]
    assert {mail["From"] for mail in sent} == {f"Ada <{ADA}>"}
    assert sent[1]["Subject"] == f"Invitation: Lunch @ Thu Mar 5, 2026 12:00 (UTC) ({GRACE})"
    text = calendar_of(sent[1])
    assert "METHOD:REQUEST" in text
    assert f"UID:{event['iCalUID']}" in text
    assert [part.get_filename() for part in sent[1].iter_attachments()] == ["invite.ics"]
    [read] = read_ics(text)
    assert read.body["summary"] == "Lunch"
    assert [guest["email"] for guest in read.body["attendees"]] == [GRACE, OUTSIDE]


def test_the_mail_is_in_the_inbox_of_a_guest_who_is_here(world: Sandbox, ada: Desk) -> None:
    invite(ada)

    assert [held.parsed["Subject"].split(" @")[0] for held in world.account(GRACE).inbox] == ["Invitation: Lunch"]
    assert world.account(ADA).messages() == []


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"sendUpdates": "all"}, [OUTSIDE, GRACE]),
        ({"sendUpdates": "externalOnly"}, [OUTSIDE]),
        ({"sendUpdates": "none"}, []),
        ({}, []),
        ({"sendNotifications": True}, [OUTSIDE, GRACE]),
        ({"sendUpdates": "none", "sendNotifications": True}, []),
    ],
    ids=["all", "externalOnly", "none", "nothing said", "the old word", "both words"],
)
def test_who_is_told_is_the_writers_choice(world: Sandbox, ada: Desk, params: Any, told: list[str]) -> None:
    ada.call("events.insert", LUNCH, **params)

    assert [mail["To"] for mail in mails(world)] == told


def test_changes_departures_and_cancellations_are_told_as_such(world: Sandbox, ada: Desk) -> None:
    event = ada.call("events.insert", LUNCH)
    change = {"location": "Canteen", "attendees": [{"email": GRACE}, {"email": "linus@example.com"}]}
    ada.call("events.patch", change, eventId=event["id"], sendUpdates="all")
    ada.call("events.delete", eventId=event["id"], sendUpdates="all")

    said = [(mail["To"], mail["Subject"].partition(":")[0]) for mail in mails(world)]
    assert said == [
        (OUTSIDE, "Canceled event"),
        (GRACE, "Updated invitation"),
        ("linus@example.com", "Invitation"),
        (GRACE, "Canceled event"),
        ("linus@example.com", "Canceled event"),
    ]
    assert "METHOD:CANCEL" in calendar_of(mails(world)[-1])
    assert "LOCATION:Canteen" in calendar_of(mails(world)[1])


def test_a_series_says_its_rule_and_zone(world: Sandbox, ada: Desk, weekly: Any) -> None:
    event = weekly()
    ada.call("events.patch", {"attendees": [{"email": GRACE}]}, eventId=event["id"], sendUpdates="all")

    text = calendar_of(mails(world)[0])
    assert "DTSTART;TZID=Europe/Zurich:20260319T100000" in text
    assert "RRULE:FREQ=WEEKLY;COUNT=4" in text


def test_one_instance_is_named_by_its_own_time(world: Sandbox, ada: Desk, weekly: Any) -> None:
    series = weekly(attendees=[{"email": GRACE}])
    instance = ada.call("events.instances", eventId=series["id"])["items"][1]
    ada.call("events.delete", eventId=instance["id"], sendUpdates="all")

    text = calendar_of(mails(world)[0])
    assert "RECURRENCE-ID:20260326T090000Z" in text
    assert "RRULE" not in text


def test_strange_titles_neither_break_lines_nor_headers(world: Sandbox, ada: Desk) -> None:
    title = "Soup; salad, bread\\butter\r\nBcc: all@example.com " + "é" * 90
    invite(ada, {**LUNCH, "summary": title})

    mail = mails(world)[1]
    assert mail["Bcc"] is None
    assert max(len(line.encode()) for line in calendar_of(mail).splitlines()) <= 75
    assert read_ics(calendar_of(mail))[0].body["summary"] == title.replace("\r\n", "\n")


def answer(guest: Desk, event: Any, status: str, **params: Any) -> None:
    """Answer an invitation as a guest's program does."""
    body = {"attendeesOmitted": True, "attendees": [{"email": guest.email, "responseStatus": status}]}
    guest.call("events.patch", body, eventId=event["id"], **params)


@pytest.mark.parametrize(
    ("status", "subject", "word"),
    [
        ("accepted", "Accepted", "ACCEPTED"),
        ("declined", "Declined", "DECLINED"),
        ("tentative", "Tentatively accepted", "TENTATIVE"),
    ],
)
def test_a_guests_answer_is_mailed_to_the_organizer(
    world: Sandbox, ada: Desk, grace: Desk, status: str, subject: str, word: str
) -> None:
    answer(grace, invite(ada, sendUpdates="none"), status, sendUpdates="all")

    [mail] = mails(world)
    text = calendar_of(mail).replace("\r\n ", "")
    assert (mail["From"], mail["To"]) == (f"Grace <{GRACE}>", ADA)
    assert mail["Subject"] == f"{subject}: Lunch @ Thu Mar 5, 2026 12:00 (UTC) ({GRACE})"
    assert "METHOD:REPLY" in text
    assert next(line for line in text.splitlines() if line.startswith("ATTENDEE")).count(f"PARTSTAT={word}") == 1
    assert OUTSIDE not in text
    assert [held.parsed["Subject"] for held in world.account(ADA).inbox] == [mail["Subject"]]


def test_an_answer_that_nobody_asked_to_send_is_not_mailed(world: Sandbox, ada: Desk, grace: Desk) -> None:
    event = invite(ada, sendUpdates="none")
    answer(grace, event, "accepted")
    answer(grace, event, "declined", sendUpdates="externalOnly")
    answer(grace, event, "declined", sendUpdates="all")

    assert mails(world) == []


def test_a_guest_who_deletes_the_meeting_declines_by_mail(world: Sandbox, ada: Desk, grace: Desk) -> None:
    event = invite(ada, sendUpdates="none")

    grace.call("events.delete", eventId=event["id"], sendUpdates="all")

    assert [mail["Subject"].split(":")[0] for mail in mails(world)] == ["Declined"]
