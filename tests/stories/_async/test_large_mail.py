"""Large mail: streamed from disk, gone on with where it broke off, and refused when a file changes meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mailgrant import AsyncMailgrant
from mailgrant.errors import InvalidRequest
from mailgrant.given_file import AttachedFile
from mailgrant.sandbox import Sandbox

from ..people import Person
from .test_mail import ADA, GRACE, granted

pytestmark = pytest.mark.anyio

MEGABYTE = 1024 * 1024


def video(folder: Path, megabytes: int) -> Path:
    path = folder / "video.mp4"
    with path.open("wb") as file:
        for number in range(megabytes):
            file.write(bytes([number]) * MEGABYTE)
    return path


@pytest.mark.parametrize("scopes", ["gmail.modify", "gmail.send"])
async def test_a_large_mail_arrives_whole(
    office: dict[str, Any], person: Person, sandbox: Sandbox, tmp_path: Path, scopes: str
) -> None:
    path = video(tmp_path, 5)
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person, ADA, scopes)
        grace = await granted(mailgrant, person, GRACE)
        await ada.gmail.send(to=GRACE, subject="The film", text="See.", attachments=[path])
        [message] = [found async for found in grace.gmail.search("subject:film")]
        content = await grace.gmail.attachment(message, message.attachments[0])

    assert content == path.read_bytes()
    assert len(sandbox.account(GRACE).inbox) == 1


async def test_a_file_that_grows_while_it_is_sent_sends_no_mail(
    office: dict[str, Any], person: Person, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = video(tmp_path, 5)
    read_from = AttachedFile.read_from

    def growing(self: AttachedFile, offset: int) -> Iterator[bytes]:
        with path.open("ab") as file:
            file.write(b"more")
        return read_from(self, offset)

    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person)
        monkeypatch.setattr(AttachedFile, "read_from", growing)
        with pytest.raises(InvalidRequest, match="changed while it was being sent"):
            await ada.gmail.send(to=GRACE, subject="The film", attachments=[path])
        drafts = [draft async for draft in ada.gmail.drafts()]

    assert list(sandbox.account(GRACE).inbox) == []
    assert drafts == []


@pytest.mark.parametrize("drop", ["before", "after"])
@pytest.mark.parametrize("scopes", ["gmail.modify", "gmail.send"])
async def test_a_large_mail_whose_answer_is_lost_is_gone_on_with_and_arrives_once(
    office: dict[str, Any], person: Person, sandbox: Sandbox, tmp_path: Path, scopes: str, drop: str
) -> None:
    path = video(tmp_path, 5)
    method = "gmail.users.messages.send" if scopes == "gmail.send" else "gmail.users.drafts.create"
    async with AsyncMailgrant(**office) as mailgrant:
        ada = await granted(mailgrant, person, ADA, scopes)
        # The first request opens the upload, the second carries the mail.
        sandbox.fault(method, nth=2, drop=drop)
        sent = await ada.gmail.send(to=GRACE, subject="The film", text="See.", attachments=[path])

    [arrived] = sandbox.account(GRACE).inbox
    assert sent.id
    assert arrived.subject == "The film"
    assert sandbox.account(ADA).drafts == {}


async def test_a_large_mail_is_passed_on_and_its_draft_edited_without_being_read_by_us(
    office: dict[str, Any], person: Person, sandbox: Sandbox, tmp_path: Path
) -> None:
    path = video(tmp_path, 5)
    async with AsyncMailgrant(**office) as mailgrant:
        ada, grace = await granted(mailgrant, person), await granted(mailgrant, person, GRACE)
        draft = await ada.gmail.create_draft(to=GRACE, subject="The film", text="See.", attachments=[path])
        kept = await ada.gmail.read_draft(str(draft.id))
        edited = await ada.gmail.edit_draft(kept, subject="Our film")
        again = await ada.gmail.edit_draft(edited, text="Look.")
        await ada.gmail.send(again)
        [received] = [found async for found in grace.gmail.search("subject:film in:inbox")]
        await grace.gmail.forward(received, ADA)
        [passed_on] = [found async for found in ada.gmail.search("subject:film in:inbox")]
        content = await ada.gmail.attachment(passed_on, passed_on.attachments[0])

    assert received.subject == "Our film"
    assert content == path.read_bytes()
