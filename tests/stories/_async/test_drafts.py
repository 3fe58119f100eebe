"""Drafts edited, mail passed on and signed, labels and threads filed, against the sandbox on a real port."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mailgrant import AsyncMailgrant, Thread
from mailgrant.errors import Conflict, InvalidRequest, NotFound
from mailgrant.gmail.attempt import HEADER
from mailgrant.sandbox import Sandbox

from ..people import Person
from .test_mail import ADA, GRACE, granted
from .test_sending import PATIENCE

pytestmark = pytest.mark.anyio

INVITATION = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"


async def test_a_draft_is_edited_and_keeps_its_attachments(office: dict[str, Any], person: Person) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        kept = await ada.gmail.create_draft(to=GRACE, subject="Minutes", text="One", attachments={"a.txt": b"a"})
        by_id = await ada.gmail.edit_draft(str(kept.id), text="Two")
        by_value = await ada.gmail.edit_draft(replace(by_id, subject="Minutes of March"))
        found = await ada.gmail.read_draft(str(kept.id))
        content = await ada.gmail.read(str(found.message_id))

    assert kept.id == by_id.id == by_value.id
    assert kept.message_id != by_id.message_id
    assert (found.subject, (found.text or "").strip()) == ("Minutes of March", "Two")
    assert [each.name for each in content.attachments] == ["a.txt"]


async def test_an_invitation_stays_one_when_its_draft_is_edited(office: dict[str, Any], person: Person) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada, grace = await granted(mailgrant, person), await granted(mailgrant, person, GRACE)
        kept = await ada.gmail.create_draft(to=GRACE, subject="Lunch", text="Please come.", calendar=INVITATION)
        edited = await ada.gmail.edit_draft(kept.id or "", text="Do come.", attachments={"menu.txt": b"Soup"})
        await ada.gmail.send(edited)
        [message] = [found async for found in grace.gmail.search("in:inbox")]

    assert edited.calendar == INVITATION
    assert [each.name for each in message.attachments] == ["", "menu.txt"]
    assert message.attachments[0].invitation == INVITATION
    assert message.text.strip() == "Do come."


async def test_a_copy_of_a_draft_bears_the_mark_of_its_own_attempt_only(
    office: dict[str, Any], person: Person, sandbox: Sandbox
) -> None:
    async with AsyncMailgrant(**office, patience=PATIENCE) as mailgrant:
        ada = await granted(mailgrant, person)
        kept = await ada.gmail.create_draft(to=GRACE, subject="Lunch", text="x", headers={HEADER: "a" * 26})
        copy = replace(await ada.gmail.read_draft(kept.id or ""), id=None, message_id=None)
        sandbox.fault("gmail.users.drafts.create", drop="after")
        sent = await ada.gmail.send(copy)
        message = await ada.gmail.read(sent.id or "")

    assert len(message.headers.all(HEADER)) == 1
    assert message.headers[HEADER] != "a" * 26
    assert len(sandbox.sent) == 1


async def test_a_draft_says_one_thing_after_one_of_its_bodies_was_changed(
    office: dict[str, Any], person: Person
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        kept = await ada.gmail.create_draft(to=GRACE, text="At noon.", html="<p>At noon.</p>")
        as_text = await ada.gmail.edit_draft(kept.id or "", text="At one.")
        as_html = await ada.gmail.edit_draft(kept.id or "", html="<p>At two.</p>")
        both = await ada.gmail.edit_draft(kept.id or "", text="At three.", html="<p>At three.</p>")
        read = await ada.gmail.read_draft(kept.id or "")

    assert (as_text.text, as_text.html) == ("At one.", None)
    assert (as_html.text, as_html.html) == (None, "<p>At two.</p>")
    assert ((read.text or "").strip(), (read.html or "").strip()) == (both.text, both.html)


@pytest.mark.parametrize("scopes", ["gmail.modify", "gmail.send"])
async def test_a_mail_goes_out_as_an_address_of_the_accounts_only(
    office: dict[str, Any], person: Person, sandbox: Sandbox, scopes: str
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person, ADA, scopes)
        await ada.gmail.send(to=GRACE, text="x", from_="The Countess <ADA@example.com>")
        if scopes == "gmail.modify":
            with pytest.raises(InvalidRequest, match=r"may not send as eve@example\.com"):
                await ada.gmail.send(to=GRACE, text="x", from_="eve@example.com")

    assert len(sandbox.sent) == 1


async def test_what_is_no_draft_and_no_attempt_is_refused_in_words(office: dict[str, Any], person: Person) -> None:
    strange: Any = "r-4171892713"
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        with pytest.raises(InvalidRequest, match="str is no Draft"):
            await ada.gmail.send(strange)
        with pytest.raises(InvalidRequest, match="str is no send"):
            await ada.gmail.settle(strange)
        for no_id in (5, None, "", "..", "\ud800"):
            with pytest.raises((InvalidRequest, NotFound)):
                await ada.gmail.read_draft(no_id)  # type: ignore[arg-type]


async def test_a_draft_that_is_not_there_cannot_be_edited(office: dict[str, Any], person: Person) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        kept = await ada.gmail.create_draft(to=GRACE, text="One")
        await ada.gmail.delete_draft(kept)
        with pytest.raises(NotFound):
            await ada.gmail.edit_draft(kept, text="Two")
        with pytest.raises(InvalidRequest, match="no id"):
            await ada.gmail.edit_draft(replace(kept, id=None))


async def test_a_mail_is_passed_on_with_what_it_carries(
    office: dict[str, Any], person: Person, sandbox: Sandbox
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada, grace = await granted(mailgrant, person), await granted(mailgrant, person, GRACE)
        await ada.gmail.send(to=GRACE, subject="Minutes", text="Attached.", attachments={"a.txt": b"minutes"})
        [received] = [found async for found in grace.gmail.search("in:inbox")]
        await grace.gmail.forward(received.id, ADA, text="As promised.")
        [passed_on] = [found async for found in ada.gmail.search("in:inbox subject:minutes")]
        content = await ada.gmail.attachment(passed_on, passed_on.attachments[0])

    assert passed_on.subject == "Fwd: Minutes"
    assert passed_on.text.startswith("As promised.")
    assert "Attached." in passed_on.text
    assert content == b"minutes"


async def test_a_mail_is_signed_as_the_account_signs(office: dict[str, Any], person: Person, sandbox: Sandbox) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person, ADA, "gmail.modify gmail.settings.basic")
        [own] = await ada.gmail.send_as()
        await ada.gmail.edit_send_as(replace(own, name="Countess of Lovelace", signature="<b>Ada</b>"))
        await ada.gmail.send(to=GRACE, subject="Lunch", html="<p>At noon?</p>", signature=True)
        [message] = [found async for found in ada.gmail.search("in:sent")]
        with pytest.raises(InvalidRequest, match="may not send as"):
            await ada.gmail.send(to=GRACE, from_="eve@example.com", text="x", signature=True)

    assert str(message.from_) == "Countess of Lovelace <ada@example.com>"
    assert "<b>Ada</b>" in (message.html or "")
    assert message.text.rstrip().endswith("Ada")
    assert len(sandbox.account(GRACE).inbox) == 1


async def test_an_answer_is_signed_above_what_it_quotes(
    office: dict[str, Any], person: Person, sandbox: Sandbox
) -> None:
    sandbox.account(ADA).receive(from_=GRACE, subject="Lunch?", text="At noon?")
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person, ADA, "gmail.modify gmail.settings.basic")
        grace = await granted(mailgrant, person, GRACE)
        [own] = await ada.gmail.send_as()
        await ada.gmail.edit_send_as(replace(own, signature="<b>The Countess</b>"))
        [question] = [found async for found in ada.gmail.search("in:inbox")]
        await ada.gmail.send(question.reply(text="Yes.", from_=ADA, signature=True))
        await ada.gmail.forward(question, GRACE, text="Look.", signature=True)
        passed_on, answer = [found async for found in grace.gmail.search("in:inbox")]

    said = [line for line in answer.text.splitlines() if line]
    assert (said[0], said[1], said[-1]) == ("Yes.", "The Countess", "> At noon?")
    assert passed_on.text.index("Look.") < passed_on.text.index("Countess") < passed_on.text.index("Forwarded")


async def test_an_invitation_travels_as_a_form_of_the_mail(office: dict[str, Any], person: Person) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada, grace = await granted(mailgrant, person), await granted(mailgrant, person, GRACE)
        await ada.gmail.send(to=GRACE, subject="Lunch", text="Please come.", calendar=INVITATION)
        [message] = [found async for found in grace.gmail.search("in:inbox")]
        raw = await grace.gmail.raw(message)

    assert b"text/calendar" in raw
    assert b'method="REQUEST"' in raw
    assert message.text.strip() == "Please come."


async def test_labels_are_made_renamed_used_and_deleted(office: dict[str, Any], person: Person) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        sent = await ada.gmail.send(to=ADA, subject="Lunch", text="At noon?")
        await ada.gmail.modify(str(sent.id), add={"Food/Lunch"}, create=True)
        with pytest.raises(Conflict):
            await ada.gmail.create_label("food/lunch")
        renamed = await ada.gmail.rename_label("Food/Lunch", "Food/Dinner")
        counted = await ada.gmail.label("food/dinner")
        await ada.gmail.delete_label("Food/Dinner")
        left = [label.name for label in await ada.gmail.labels() if label.is_user]

    assert renamed.name == "Food/Dinner"
    assert counted.messages_total == 1
    assert left == []


async def test_threads_are_found_and_filed_whole(office: dict[str, Any], person: Person, sandbox: Sandbox) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        for number in range(12):
            sandbox.account(ADA).receive(from_=GRACE, subject=f"Minutes {number}", text="Attached.")
        threads = [found async for found in ada.gmail.threads("subject:minutes")]
        await ada.gmail.trash(Thread(threads[0].id))
        await ada.gmail.archive(ada.gmail.search("in:inbox"))
        inbox = [found async for found in ada.gmail.search("in:inbox")]
        await ada.gmail.untrash(threads[0])
        trash = [found async for found in ada.gmail.search("in:trash")]

    assert len(threads) == 12
    assert inbox == trash == []


async def test_a_mail_is_taken_out_and_put_in_again(office: dict[str, Any], person: Person, sandbox: Sandbox) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada, grace = await granted(mailgrant, person), await granted(mailgrant, person, GRACE)
        sandbox.account(ADA).receive(from_=GRACE, subject="Grüße", text="Hallo")
        [message] = [found async for found in ada.gmail.search("in:inbox")]
        raw = await ada.gmail.raw(message)
        put = await grace.gmail.insert(raw, labels={"Archive/2026"}, create=True)
        arrived = await grace.gmail.import_(raw)
        inserted, imported = await grace.gmail.read(put.id), await grace.gmail.read(arrived.id)

    assert inserted.subject == imported.subject == "Grüße"
    assert {"INBOX", "UNREAD"} <= imported.label_ids
    assert "INBOX" not in inserted.label_ids


async def test_a_mail_is_put_in_by_who_may_do_nothing_else(
    office: dict[str, Any], person: Person, sandbox: Sandbox
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person, ADA, "gmail.insert")
        await ada.gmail.import_(b"From: grace@example.com\r\nSubject: Lunch?\r\n\r\nAt noon?")

    assert [found.subject for found in sandbox.account(ADA).inbox] == ["Lunch?"]
