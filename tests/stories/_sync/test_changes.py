# Written by scripts/unasync.py from tests/stories/_async/test_changes.py.
# Do not edit: change that file and run `make sync`.
"""What happened in a mailbox since last time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mailgrant import Account, Event, Mailgrant
from mailgrant.changes import Gap
from mailgrant.errors import InvalidRequest
from mailgrant.gmail.history import Change, Happening
from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.mail.push import Topic

from ..people import Person

pytestmark = pytest.mark.anyio

ADA = "ada@example.com"
GRACE = "grace@example.com"
KEY = "A" * 43


def granted(mailgrant: Mailgrant, person: Person, scopes: str = "gmail.full") -> Account:
    consent = mailgrant.consents.begin(ADA, scopes, redirect_uri="http://127.0.0.1:1/")
    mailgrant.consents.complete(person.agree(consent.url))
    return mailgrant.account(ADA)


def test_what_happened_since_a_cursor_comes_in_order(sandbox: Sandbox, office: dict[str, Any], person: Person) -> None:
    with Mailgrant(**office) as mailgrant:
        ada = granted(mailgrant, person)
        start = ada.gmail.changes()
        arrived = sandbox.account(ADA).receive(from_=GRACE, subject="Lunch?", text="Noon?")
        ada.gmail.modify(arrived.id, add={"STARRED"}, remove={"UNREAD"})
        ada.gmail.trash(arrived.id)
        ada.gmail.delete(arrived.id)
        since = ada.gmail.changes(start.cursor)
        again = ada.gmail.changes(since.cursor)

    happened = [each.happening for each in since.items if isinstance(each, Change)]
    assert happened[0] is Happening.ADDED
    assert {Happening.LABELLED, Happening.UNLABELLED} <= set(happened)
    assert happened[-1] is Happening.DELETED
    assert {each.message_id for each in since.items if isinstance(each, Change)} == {arrived.id}
    assert (
        Change(
            Happening.LABELLED,
            message_id=arrived.id,
            thread_id=arrived.id,
            labels=frozenset({"STARRED"}),
        )
        in since.items
    )
    assert (start.items, again.items) == ((), ())


def test_many_changes_come_over_many_pages(sandbox: Sandbox, office: dict[str, Any], person: Person) -> None:
    with Mailgrant(**office) as mailgrant:
        ada = granted(mailgrant, person)
        start = ada.gmail.changes()
        arrived = [sandbox.account(ADA).receive(from_=GRACE, subject=str(number)).id for number in range(620)]
        since = ada.gmail.changes(start.cursor)

    assert [each.message_id for each in since.items if isinstance(each, Change)] == arrived


def test_a_history_that_gmail_no_longer_keeps_is_a_gap_and_a_new_cursor(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    with Mailgrant(**office) as mailgrant:
        ada = granted(mailgrant, person)
        sandbox.account(ADA).receive(from_=GRACE, subject="Lunch?")
        since = ada.gmail.changes("1")
        sandbox.account(ADA).receive(from_=GRACE, subject="Dinner?")
        after = ada.gmail.changes(since.cursor)

    assert [type(each) for each in since.items] == [Gap]
    assert len(after.items) == 1


@pytest.mark.parametrize("cursor", ["", "abc", "12 34", "-5"])
def test_what_is_no_cursor_is_refused_before_anything_is_asked(
    sandbox: Sandbox, office: dict[str, Any], person: Person, cursor: str
) -> None:
    with Mailgrant(**office) as mailgrant:
        ada = granted(mailgrant, person)
        sandbox.journal.clear()
        with pytest.raises(InvalidRequest):
            ada.gmail.changes(cursor)

    assert sandbox.requests == []


def test_a_watch_says_when_it_must_be_renewed(sandbox: Sandbox, office: dict[str, Any], person: Person) -> None:
    with Mailgrant(**office) as mailgrant:
        ada = granted(mailgrant, person)
        project = sandbox.client_secrets("installed")["installed"]["project_id"]
        topic = f"projects/{project}/topics/mail"
        sandbox.push.add_topic(Topic(topic, push=None))
        watch = ada.gmail.watch(topic, labels={"INBOX"})
        ada.gmail.stop_watching()

    assert timedelta(days=6) < watch.expires_at - datetime.now(UTC) < timedelta(days=8)
    assert watch.cursor.isdecimal()


@pytest.mark.parametrize("fault", [{"drop": "before"}, {"drop": "after"}, {"late": "100ms"}, {"status": 503}])
def test_a_lost_answer_to_a_watch_or_its_end_is_asked_for_again(
    sandbox: Sandbox, office: dict[str, Any], person: Person, fault: dict[str, Any]
) -> None:
    project = sandbox.client_secrets("installed")["installed"]["project_id"]
    topic = f"projects/{project}/topics/mail"
    sandbox.push.add_topic(Topic(topic, push=None))
    with Mailgrant(**office) as mailgrant:
        ada = granted(mailgrant, person)
        sandbox.fault("gmail.users.watch", **fault)
        sandbox.fault("gmail.users.stop", **fault)

        watch = ada.gmail.watch(topic)
        ada.gmail.stop_watching()

    assert watch.renew_at < watch.expires_at
    assert len(list(sandbox.faults)) == 0


def test_another_process_goes_on_from_a_stored_cursor(
    sandbox: Sandbox, office: dict[str, Any], person: Person, tmp_path: Path
) -> None:
    kept = office | {"vault": str(tmp_path / "vault.db"), "key": KEY}
    cursors = tmp_path / "cursors"
    with Mailgrant(**kept) as mailgrant:
        ada = granted(mailgrant, person, "gmail.full calendar")
        mail, diary = ada.gmail.changes(), ada.calendar.changes()
        cursors.write_text(f"{mail.cursor}\n{diary.cursor}")
    sandbox.account(ADA).receive(from_=GRACE, subject="Lunch?")

    with Mailgrant(**kept) as mailgrant:
        ada = mailgrant.account(ADA)
        ada.calendar.add(summary="Lunch", start=datetime(2030, 3, 4, 12, tzinfo=UTC))
        at, of = cursors.read_text().splitlines()
        arrived, planned = ada.gmail.changes(at), ada.calendar.changes(of)

    assert [each.happening for each in arrived if isinstance(each, Change)] == [Happening.ADDED]
    assert [each.summary for each in planned if isinstance(each, Event)] == ["Lunch"]
