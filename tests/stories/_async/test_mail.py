"""Mail sent, searched, read and answered, against the sandbox on a real port."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mailgrant import AsyncAccount, AsyncMailgrant, Draft, OutcomeUnknown, Query
from mailgrant.errors import InvalidRequest, NotFound, SettingsError
from mailgrant.sandbox import Sandbox
from mailgrant.settings import Settings

from ..people import Person

pytestmark = pytest.mark.anyio

ADA = "ada@example.com"
GRACE = "grace@example.com"


async def granted(
    mailgrant: AsyncMailgrant, person: Person, address: str = ADA, scopes: str = "gmail.modify"
) -> AsyncAccount:
    consent = await mailgrant.consents.begin(address, scopes, redirect_uri="http://127.0.0.1:1/")
    await mailgrant.consents.complete(person.agree(consent.url))
    return mailgrant.account(address)


async def test_a_mail_with_an_attachment_arrives_whole(office: dict[str, Any], person: Person, tmp_path: Path) -> None:
    minutes = tmp_path / "Protokoll für März.pdf"
    minutes.write_bytes(b"%PDF-1.7 minutes")
    async with AsyncMailgrant(**office) as mailgrant:
        ada, grace = await granted(mailgrant, person), await granted(mailgrant, person, GRACE)
        sent = await ada.gmail.send(
            to="Grace Höpper <grace@example.com>", subject="Minutes – März", text="Attached.\n", attachments=[minutes]
        )
        [message] = [found async for found in grace.gmail.search("has:attachment from:ada@example.com")]
        content = await grace.gmail.attachment(message, message.attachments[0])
        saved = await grace.gmail.save(message, message.attachments[0], tmp_path)

    assert sent.evidence.name == "ANSWER"
    assert (message.subject, message.text.strip()) == ("Minutes – März", "Attached.")
    assert message.to[0].name == "Grace Höpper"
    assert message.attachments[0].name == "Protokoll für März.pdf"
    assert content == b"%PDF-1.7 minutes"
    assert saved.name == "Protokoll für März (2).pdf"
    assert saved.read_bytes() == content


async def test_a_reply_stays_in_the_thread_on_both_sides(office: dict[str, Any], person: Person) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada, grace = await granted(mailgrant, person), await granted(mailgrant, person, GRACE)
        sent = await ada.gmail.send(to=GRACE, subject="Lunch?", text="Thursday?")
        [question] = [found async for found in grace.gmail.search("subject:Lunch")]
        answer = await grace.gmail.send(question.reply(text="Thursday at noon suits me."))
        [received] = [found async for found in ada.gmail.search("in:inbox")]
        thread = await ada.gmail.thread(received)

    assert received.subject == "Re: Lunch?"
    assert received.in_reply_to == question.message_id
    assert (answer.thread_id, received.thread_id) == (question.thread_id, sent.thread_id)
    assert [message.subject for message in thread.messages] == ["Lunch?", "Re: Lunch?"]


async def test_a_reply_to_a_mail_without_message_id_is_sent_all_the_same(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    sandbox.account(ADA).deliver(b"From: grace@example.com\r\nTo: ada@example.com\r\nSubject: Bare\r\n\r\nHello\r\n")
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        [bare] = [found async for found in ada.gmail.search("subject:Bare")]
        await ada.gmail.send(bare.reply(text="Got it."))

    assert sandbox.account(GRACE).inbox[0].subject == "Re: Bare"


async def test_a_search_follows_all_pages(sandbox: Sandbox, office: dict[str, Any], person: Person) -> None:
    for number in range(230):
        sandbox.account(ADA).receive(from_=GRACE, subject=f"Number {number}", text="x")
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        subjects = [message.subject async for message in ada.gmail.search(Query.from_(GRACE) & Query.unread())]
        few = [message.subject async for message in ada.gmail.search("in:inbox", limit=3)]

    assert subjects == [f"Number {number}" for number in reversed(range(230))]
    assert few == ["Number 229", "Number 228", "Number 227"]


async def test_labels_go_on_and_off_by_name(sandbox: Sandbox, office: dict[str, Any], person: Person) -> None:
    sandbox.account(ADA).receive(from_=GRACE, subject="Lunch", text="x")
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        [message] = [found async for found in ada.gmail.search("subject:lunch")]
        await ada.gmail.modify(message, add={"starred"}, remove={"UNREAD"})
        changed = await ada.gmail.read(message)
        with pytest.raises(InvalidRequest, match="Nope"):
            await ada.gmail.modify(message, add={"Nope"})
        await ada.gmail.trash(message)
        left = [found.id async for found in ada.gmail.search("in:inbox")]

    assert message.unread
    assert not changed.unread
    assert "STARRED" in changed.label_ids
    assert left == []


async def test_a_draft_is_kept_listed_and_sent_once(sandbox: Sandbox, office: dict[str, Any], person: Person) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        draft = await ada.gmail.create_draft(Draft(to=GRACE, subject="Plan", text="One."))
        kept = [found.subject async for found in ada.gmail.drafts()]
        await ada.gmail.send(draft)
        with pytest.raises(NotFound):
            await ada.gmail.send(draft)
        left = [found.subject async for found in ada.gmail.drafts()]

    assert (kept, left) == (["Plan"], [])
    assert [mail.subject for mail in sandbox.account(GRACE).inbox] == ["Plan"]


@pytest.mark.parametrize("drop", ["before", "after"])
async def test_a_lost_answer_to_a_send_is_unknown_and_never_sent_twice(
    sandbox: Sandbox, office: dict[str, Any], person: Person, drop: str
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person, scopes="gmail.send")
        sandbox.fault("gmail.users.messages.send", drop=drop)
        with pytest.raises(OutcomeUnknown) as caught:
            await ada.gmail.send(to=GRACE, subject="Once", text="x")

    assert caught.value.operation == "gmail.users.messages.send"
    assert len(sandbox.account(GRACE).inbox) == (1 if drop == "after" else 0)
    assert [entry.method for entry in sandbox.requests].count("gmail.users.messages.send") == 1


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"to": "grace@example.com\nBcc: eve@example.com"}, "to"),
        ({"to": "not an address"}, "not an address"),
        ({"to": ()}, "recipient"),
        ({"to": GRACE, "subject": "One\r\nBcc: eve@example.com"}, "subject"),
        ({"to": GRACE, "headers": {"X-Note": "a\nb"}}, "X-Note"),
    ],
    ids=["newline in address", "no address", "nobody", "newline in subject", "newline in header"],
)
async def test_bad_input_is_an_exact_error_and_no_mail(
    sandbox: Sandbox, office: dict[str, Any], person: Person, fields: dict[str, Any], says: str
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        with pytest.raises(InvalidRequest, match=f"(?i){says}"):
            await ada.gmail.send(text="x", **fields)

    assert sandbox.sent == []


async def test_a_mail_to_more_people_than_the_setting_allows_is_refused_before_anything_leaves(
    sandbox: Sandbox, office: dict[str, Any], person: Person, tmp_path: Path
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("recipients = 2\n")
    async with AsyncMailgrant(**office, settings=Settings.load({}, file=file)) as mailgrant:
        ada = await granted(mailgrant, person)
        with pytest.raises(InvalidRequest, match="3 recipients; 2 are allowed") as refused:
            await ada.gmail.send(to=[GRACE, "bob@example.com"], bcc="eve@example.com", text="x")
        drafts = [each async for each in ada.gmail.drafts()]

    assert "`recipients`" in str(refused.value.hint)
    assert (sandbox.sent, drafts) == ([], [])


@pytest.mark.parametrize("number", ["0", "2001", "true", "'many'"])
def test_a_number_of_recipients_that_cannot_be_is_refused(tmp_path: Path, number: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(f"recipients = {number}\n")

    with pytest.raises(SettingsError, match="recipients is a number from 1 to 2000"):
        Settings.load({}, file=file)


async def test_a_missing_attachment_is_named_and_no_mail_goes_out(
    sandbox: Sandbox, office: dict[str, Any], person: Person, tmp_path: Path
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        with pytest.raises(SettingsError, match=r"minutes\.pdf"):
            await ada.gmail.send(to=GRACE, subject="x", text="x", attachments=[tmp_path / "minutes.pdf"])

    assert sandbox.sent == []
