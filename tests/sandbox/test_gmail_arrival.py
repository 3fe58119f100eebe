"""The vacation responder and auto-forwarding: what a mailbox sends by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.mail.delivery import SentMail
from mailgrant.sandbox.mail.mime import parse

from .mailing import ADA, COLLEAGUE, GRACE, ORGANISED, Gmail, forward_to, mail, organised, settings

AWAY = {"enableAutoReply": True, "responseSubject": "Away:", "responseBodyPlainText": "Until Monday."}


@pytest.fixture
def ada(world: Sandbox) -> Gmail:
    return settings(world)


def leave(gmail: Gmail, **more: Any) -> None:
    gmail.call("PUT", "settings/vacation", AWAY | more)


def receive(world: Sandbox, **fields: Any) -> None:
    world.account(ADA).receive(**{"from_": f"Grace Hopper <{GRACE}>", "subject": "Lunch?", "text": "Noon?", **fields})


def answers(world: Sandbox) -> list[SentMail]:
    return [left for left in world.sent if left.method == "vacation"]


def forward_all(world: Sandbox, gmail: Gmail, address: str, **more: Any) -> None:
    forward_to(world, gmail, address)
    gmail.call("PUT", "settings/autoForwarding", {"enabled": True, "emailAddress": address, **more})


def test_the_responder_answers_in_the_thread_of_the_question(world: Sandbox, ada: Gmail) -> None:
    leave(ada)

    receive(world, headers={"Message-ID": "<question@example.com>"})

    (answer,) = answers(world)
    root = parse(answer.raw)
    assert (answer.sender, answer.recipients) == (ADA, (GRACE,))
    assert root.header("from") == f"Ada Lovelace <{ADA}>"
    assert root.header("subject") == "Away: Re: Lunch?"
    assert root.header("in-reply-to") == root.header("references") == "<question@example.com>"
    assert root.header("auto-submitted") == "auto-replied"
    assert root.text.strip() == "Until Monday."
    assert world.account(GRACE).inbox[0].subject == "Away: Re: Lunch?"
    assert world.account(ADA).messages("in:sent") == []


def test_a_sender_is_answered_once_and_again_after_four_days(world: Sandbox, ada: Gmail) -> None:
    leave(ada)

    receive(world)
    receive(world, from_=GRACE.upper(), subject="And now?")
    assert len(answers(world)) == 1
    receive(world, from_="else@elsewhere.example")
    assert len(answers(world)) == 2
    world.clock.advance(timedelta(days=4))
    receive(world)
    assert len(answers(world)) == 3


def test_a_new_answer_is_for_everybody_again(world: Sandbox, ada: Gmail) -> None:
    leave(ada)
    receive(world)

    leave(ada, responseBodyPlainText="Until Tuesday.")
    receive(world)

    assert len(answers(world)) == 2


def test_html_wins_over_text(world: Sandbox, ada: Gmail) -> None:
    leave(ada, responseBodyHtml="<p>Until <b>Friday</b>.</p>")

    receive(world)

    parts = {part.mime_type: part.text for part in parse(answers(world)[0].raw).walk()}
    assert parts["text/html"].strip() == "<p>Until <b>Friday</b>.</p>"
    assert parts["text/plain"].strip() == "Until Friday."


@pytest.mark.parametrize(
    "fields",
    [
        {"from_": ADA},
        {"from_": "MAILER-DAEMON@example.com"},
        {"from_": "noreply@example.com"},
        {"from_": "nobody"},
        {"to": "team@example.com"},
        {"labels": ["SPAM"]},
        {"headers": {"List-Id": "Weekly <weekly.example.com>"}},
        {"headers": {"Precedence": "bulk"}},
        {"headers": {"Auto-Submitted": "auto-replied"}},
    ],
)
def test_nobody_is_answered_who_did_not_write_to_a_person(world: Sandbox, ada: Gmail, fields: Any) -> None:
    leave(ada)

    receive(world, **fields)

    assert answers(world) == []


def test_two_people_on_holiday_do_not_answer_each_other_for_ever(world: Sandbox, ada: Gmail) -> None:
    leave(ada)
    leave(settings(world, GRACE))

    Gmail(world, GRACE).send(mail(to=ADA))

    assert [left.sender for left in answers(world)] == [ADA]


def test_answers_begin_and_end_when_they_are_told(world: Sandbox, ada: Gmail) -> None:
    start, end = (world.clock.now() + timedelta(days=days) for days in (1, 3))
    leave(ada, startTime=f"{start.timestamp() * 1000:.0f}", endTime=f"{end.timestamp() * 1000:.0f}")

    receive(world, from_="early@example.com")
    world.clock.advance(timedelta(days=2))
    receive(world, from_="between@example.com")
    world.clock.advance(timedelta(days=2))
    receive(world, from_="late@example.com")

    assert [left.recipients for left in answers(world)] == [("between@example.com",)]


def test_only_contacts_are_answered_where_that_is_set(world: Sandbox, ada: Gmail) -> None:
    leave(ada, restrictToContacts=True)
    receive(world)
    assert answers(world) == []

    ada.send(mail(to=GRACE))
    receive(world)

    assert [left.recipients for left in answers(world)] == [(GRACE,)]


def test_only_colleagues_are_answered_where_that_is_set(world: Sandbox) -> None:
    leave(organised(world), restrictToDomain=True)

    world.account(ORGANISED).receive(from_=GRACE, subject="Lunch?")
    world.account(ORGANISED).receive(from_=COLLEAGUE, subject="Lunch?")

    assert [left.recipients for left in answers(world)] == [(COLLEAGUE,)]


def test_the_default_alias_answers(world: Sandbox) -> None:
    linus = organised(world)
    linus.call("POST", "settings/sendAs", {"sendAsEmail": "desk@office.example", "displayName": "Desk"})
    linus.call("PATCH", "settings/sendAs/desk@office.example", {"isDefault": True})
    leave(linus)

    world.account(ORGANISED).receive(from_=GRACE, subject="Lunch?")

    assert parse(answers(world)[0].raw).header("from") == "Desk <desk@office.example>"


@pytest.mark.parametrize(
    ("disposition", "labels"),
    [
        ("leaveInInbox", {"INBOX", "UNREAD"}),
        ("archive", {"UNREAD"}),
        ("trash", {"TRASH", "UNREAD"}),
        ("markRead", {"INBOX"}),
    ],
)
def test_forwarded_mail_is_left_as_told(world: Sandbox, ada: Gmail, disposition: str, labels: set[str]) -> None:
    forward_all(world, ada, GRACE, disposition=disposition)

    held = world.account(ADA).receive(from_="else@elsewhere.example", subject="Passed on")

    assert held.labels == labels
    passed = world.account(GRACE).inbox[0]
    assert (passed.subject, passed.from_) == ("Passed on", "else@elsewhere.example")
    assert passed.parsed["X-Forwarded-For"] == f"{ADA} {GRACE}"
    assert passed.parsed["X-Forwarded-To"] == GRACE
    assert world.sent[-1].method == "forwarding"


def test_a_ring_of_forwarding_ends_where_it_began(world: Sandbox, ada: Gmail) -> None:
    forward_all(world, ada, GRACE)
    forward_all(world, settings(world, GRACE), ADA)
    before = len(world.sent)

    receive(world, from_="else@elsewhere.example", subject="Round")

    # On to Grace, back to Ada, and no further.
    assert len(world.sent) - before == 2


def test_mail_to_oneself_is_forwarded_too(world: Sandbox, ada: Gmail) -> None:
    forward_all(world, ada, "else@elsewhere.example")

    ada.send(mail("Note", to=ADA))

    assert world.sent[-1].recipients == ("else@elsewhere.example",)


def test_what_goes_to_spam_is_not_forwarded(world: Sandbox, ada: Gmail) -> None:
    forward_all(world, ada, GRACE)
    before = len(world.sent)

    receive(world, labels=["SPAM"])

    assert len(world.sent) == before


def test_a_mail_of_nothing_but_html_gains_a_text_for_its_recipients(world: Sandbox, ada: Gmail) -> None:
    raw = mail(body="<p>Lunch at <b>noon</b> &amp; cake</p>", Content_Type="text/html; charset=utf-8")

    sent = ada.send(raw)

    assert ada.get(sent["id"])["payload"]["mimeType"] == "text/html"
    arrived = world.account(GRACE).inbox[0]
    assert arrived.parsed.get_content_type() == "multipart/alternative"
    assert arrived.text.strip() == "Lunch at noon & cake"
    html = arrived.parsed.get_body(("html",))
    assert html is not None
    assert html.get_content().strip() == "<p>Lunch at <b>noon</b> &amp; cake</p>"
    assert world.sent[0].raw in arrived.raw


def test_a_mail_with_a_text_of_its_own_arrives_as_it_was_written(world: Sandbox, ada: Gmail) -> None:
    ada.send(mail(body="Noon."))

    assert world.account(GRACE).inbox[0].raw.endswith(b"\r\n\r\nNoon.")
