"""What one person may send and keep, beside the units of the quota."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.mail import labels, sending_limits
from mailgrant.sandbox.mail.sending_limits import MOST_RECIPIENTS, ORGANISATION, PRIVATE, Limit

from .conftest import NOON
from .mailing import ADA, EVERYTHING, GRACE, ORGANISED, Gmail, encode, mail, organised


@pytest.fixture
def ada(world: Sandbox) -> Gmail:
    return Gmail(world)


def crowd(count: int) -> str:
    return ", ".join(f"p{number}@elsewhere.example" for number in range(count))


def few(monkeypatch: pytest.MonkeyPatch, kind: str = "PRIVATE", *, recipients: int | None = None) -> None:
    """Let a day's limit be three mails."""
    monkeypatch.setattr(sending_limits, kind, Limit(3, recipients=recipients))


def test_the_limits_are_googles() -> None:
    assert (PRIVATE.mails, PRIVATE.recipients) == (500, None)
    assert (ORGANISATION.mails, ORGANISATION.recipients) == (2000, 10_000)
    assert (MOST_RECIPIENTS, labels.MOST_LABELS) == (500, 10_000)


def test_too_many_recipients_are_refused_and_nobody_gets_it(world: Sandbox, ada: Gmail) -> None:
    ada.send(mail(to=crowd(MOST_RECIPIENTS)))

    refused = ada.refused("POST", "messages/send", {"raw": encode(mail(to=crowd(MOST_RECIPIENTS), Cc=GRACE))})

    assert refused == (400, "invalidArgument", "Number of recipients cannot exceed 500")
    assert len(world.sent) == 1


def test_a_days_mail_is_limited_and_the_text_says_until_when(
    world: Sandbox, ada: Gmail, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(monkeypatch)
    for _ in range(3):
        ada.send(mail())

    status, reason, message = ada.refused("POST", "messages/send", {"raw": encode(mail())})

    assert (status, reason) == (429, "userRateLimitExceeded")
    assert message.startswith("User-rate limit exceeded.  Retry after 2026-03-04T12:15:")
    assert message.endswith("Z (Mail sending)")
    assert len(world.sent) == 3


def test_the_time_to_try_again_slides_with_every_try(
    world: Sandbox, ada: Gmail, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(monkeypatch)
    for _ in range(3):
        ada.send(mail())
    world.clock.advance(timedelta(minutes=10))

    assert "2026-03-04T12:25:" in ada.refused("POST", "messages/send", {"raw": encode(mail())})[2]


def test_a_day_later_there_is_mail_to_send_again(world: Sandbox, ada: Gmail, monkeypatch: pytest.MonkeyPatch) -> None:
    few(monkeypatch)
    for _ in range(3):
        ada.send(mail())
    world.clock.advance(timedelta(days=1))
    ada.caller.sign_in(EVERYTHING)

    ada.send(mail())


def test_drafts_count_as_well_and_stay_when_they_are_refused(ada: Gmail, monkeypatch: pytest.MonkeyPatch) -> None:
    few(monkeypatch)
    draft = ada.call("POST", "drafts", {"message": {"raw": encode(mail())}})["id"]
    for _ in range(3):
        ada.send(mail())

    assert ada.refused("POST", "drafts/send", {"id": draft})[0] == 429

    assert ada.call("GET", f"drafts/{draft}")["id"] == draft


def test_a_refused_mail_does_not_count(ada: Gmail, monkeypatch: pytest.MonkeyPatch) -> None:
    few(monkeypatch)
    for _ in range(5):
        ada.refused("POST", "messages/send", {"raw": encode(mail(to="nobody"))})

    for _ in range(3):
        ada.send(mail())


def test_one_persons_limit_is_not_anothers(world: Sandbox, ada: Gmail, monkeypatch: pytest.MonkeyPatch) -> None:
    few(monkeypatch)
    for _ in range(3):
        ada.send(mail())

    Gmail(world, GRACE).send(mail(to=ADA))


def test_an_organisations_recipients_are_counted(world: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    organised(world)
    linus = Gmail(world, ORGANISED)
    few(monkeypatch, "ORGANISATION", recipients=10)
    linus.send(mail(to=crowd(6)))

    assert linus.refused("POST", "messages/send", {"raw": encode(mail(to=crowd(5)))})[0] == 429
    linus.send(mail(to=crowd(4)))


def test_without_quota_a_day_has_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    few(monkeypatch)
    ada = Gmail(Sandbox(NOON, consent="auto", quota="off"))

    for _ in range(5):
        ada.send(mail())


def test_a_mailbox_has_ten_thousand_labels_at_most(ada: Gmail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels, "MOST_LABELS", 1)
    ada.call("POST", "labels", {"name": "One"})

    refused = ada.refused("POST", "labels", {"name": "Two"})

    assert refused == (400, "invalidArgument", "Number of labels cannot exceed 1")
