# Written by scripts/unasync.py from tests/stories/_async/test_reading.py.
# Do not edit: change that file and run `make sync`.
"""Many messages come in order, a few ahead, at the least cost, and are not kept."""

from __future__ import annotations

import base64
import json
import tracemalloc
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from mailgrant import Account, Attachment, Draft, Mailgrant
from mailgrant._sync.transport import HttpTransport
from mailgrant.http import Request, Response
from mailgrant.sandbox import Sandbox

from ..conftest import write_json
from ..people import Person

pytestmark = pytest.mark.anyio

ADA = "ada@example.com"
GRACE = "grace@example.com"
LISTED, READ, THREAD = "gmail.users.messages.list", "gmail.users.messages.get", "gmail.users.threads.get"
ATTACHED = "gmail.users.messages.attachments.get"


def granted(mailgrant: Mailgrant, person: Person, scopes: str = "gmail.modify") -> Account:
    consent = mailgrant.consents.begin(ADA, scopes, redirect_uri="http://127.0.0.1:1/")
    mailgrant.consents.complete(person.agree(consent.url))
    return mailgrant.account(ADA)


def deliver(sandbox: Sandbox, count: int) -> None:
    for number in range(count):
        sandbox.account(ADA).receive(from_=GRACE, subject=f"Minutes {number}", text=f"Number {number}.")


def asked(sandbox: Sandbox, operation: str) -> int:
    return [entry.method for entry in sandbox.requests].count(operation)


def test_messages_come_in_the_order_in_which_gmail_lists_them_and_progress_is_told(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    deliver(sandbox, 23)
    told: list[tuple[int, int]] = []

    with Mailgrant(**office) as mailgrant:
        ada = granted(mailgrant, person)
        found = [
            each.subject for each in ada.gmail.search("", on_progress=lambda read, listed: told.append((read, listed)))
        ]

    assert found == [f"Minutes {number}" for number in reversed(range(23))]
    assert told == [(read, 23) for read in range(1, 24)]


def test_who_stops_reading_has_hardly_more_read_than_taken(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    deliver(sandbox, 40)

    with Mailgrant(**office) as mailgrant:
        ada = granted(mailgrant, person)
        messages = ada.gmail.search("")
        for _ in messages:
            break
        messages.close()  # type: ignore[attr-defined]

    assert asked(sandbox, READ) <= 10


def test_without_bodies_only_headers_are_read(sandbox: Sandbox, office: dict[str, Any], person: Person) -> None:
    sandbox.account(ADA).receive(from_=GRACE, subject="Alone", text="Not to be read. " * 9)

    with Mailgrant(**office) as mailgrant:
        ada = granted(mailgrant, person, "gmail.readonly")
        (found,) = [each for each in ada.gmail.search("", bodies=False)]

    assert (found.subject, str(found.from_), found.text, found.attachments) == ("Alone", GRACE, "", ())
    assert found.snippet.startswith("Not to be read.")


def test_a_conversation_without_bodies_is_fetched_whole_all_the_same(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    with Mailgrant(**office) as mailgrant:
        ada = granted(mailgrant, person)
        first = ada.gmail.send(to=ADA, subject="Plan", text="One.")
        for _ in range(2):
            mail = ada.gmail.read(first.id or "")
            ada.gmail.send(mail.reply(text="More."))
        found = [each for each in ada.gmail.search("subject:plan", bodies=False)]

    assert len(found) >= 3
    assert {each.text for each in found} == {""}
    assert asked(sandbox, THREAD) == 1


def test_conversations_come_in_order_and_progress_is_told_of_them(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    deliver(sandbox, 12)
    told: list[tuple[int, int]] = []

    with Mailgrant(**office) as mailgrant:
        ada = granted(mailgrant, person)
        found = [
            (each.messages[0].subject, each.messages[0].text)
            for each in ada.gmail.threads(bodies=False, on_progress=lambda read, listed: told.append((read, listed)))
        ]

    assert found == [(f"Minutes {number}", "") for number in reversed(range(12))]
    assert told == [(read, 12) for read in range(1, 13)]


def test_what_never_changes_is_fetched_once(sandbox: Sandbox, office: dict[str, Any], person: Person) -> None:
    draft = Draft(ADA, subject="Minutes", text="Attached.", attachments=[Attachment("a.bin", content=b"\x00" * 9_000)])

    with Mailgrant(**office) as mailgrant:
        ada = granted(mailgrant, person)
        sent = ada.gmail.send(draft)
        contents = []
        for _ in range(2):
            # Read anew, the attachment has another id.
            mail = ada.gmail.read(sent.id or "")
            contents.append(ada.gmail.attachment(mail, mail.attachments[0]))
        raw = [ada.gmail.raw(mail), ada.gmail.raw(mail)]

    assert contents == [b"\x00" * 9_000] * 2
    assert raw[0] == raw[1]
    assert asked(sandbox, ATTACHED) == 1
    assert asked(sandbox, READ) == 3


def test_finding_out_whose_a_token_is_counts_like_every_call(
    sandbox: Sandbox, office: dict[str, Any], tmp_path: Path
) -> None:
    token = sandbox.authorize(ADA, scopes=["https://www.googleapis.com/auth/gmail.readonly"])
    file = write_json(tmp_path / "token.json", token)

    with Mailgrant(**{**office, "quota": "2026"}) as mailgrant:
        mailgrant.import_grant(file, account=ADA)
        cost = mailgrant.account(ADA).gmail.cost()

    assert (cost.used, cost.left) == (1, 5_999)


class EndlessMailbox(HttpTransport):
    """The sandbox, but with as many messages as nobody could keep; what it answers is forgotten at once."""

    def __init__(self, messages: int) -> None:
        super().__init__(trusts_environment=False)
        self.messages = messages

    def send(self, request: Request, *, timeout: float = 60.0) -> Any:
        """Answer listings and reads, and pass on the rest."""
        if request.operation == LISTED:
            return answer(self.page(int(parse_qs(urlsplit(request.url).query).get("pageToken", ["0"])[0])))
        if request.operation == READ:
            return answer(message(urlsplit(request.url).path.rpartition("/")[2]))
        return super().send(request, timeout=timeout)

    def page(self, start: int) -> dict[str, Any]:
        end = min(start + 500, self.messages)
        items = [{"id": f"m{number}", "threadId": f"m{number}"} for number in range(start, end)]
        return {"messages": items} | ({"nextPageToken": str(end)} if end < self.messages else {})


def answer(value: dict[str, Any]) -> Response:
    return Response(200, headers={"content-type": "application/json"}, body=json.dumps(value).encode())


def message(message_id: str) -> dict[str, Any]:
    """A mail of eight kilobytes."""
    headers = [{"name": "From", "value": GRACE}, {"name": "Subject", "value": message_id}]
    data = base64.urlsafe_b64encode(b"The minutes follow. " * 400).decode()
    payload = {"mimeType": "text/plain", "headers": headers, "body": {"size": 8_000, "data": data}}
    return {"id": message_id, "threadId": message_id, "payload": payload}


def test_five_thousand_messages_leave_nothing_in_memory(office: dict[str, Any], person: Person) -> None:
    with Mailgrant(**office, transport=EndlessMailbox(5_000)) as mailgrant:
        ada = granted(mailgrant, person)
        ada.gmail.read("m0")
        tracemalloc.start()
        try:
            size = 0
            for each in ada.gmail.search(""):
                size += len(each.text)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert size == 5_000 * 8_000
    assert peak < 4_000_000
