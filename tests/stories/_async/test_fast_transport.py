"""With the transport for fleets nothing is different but the processor's time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mailgrant import AsyncAccount, AsyncFastTransport, AsyncMailgrant
from mailgrant.gmail.attempt import Patience
from mailgrant.sandbox import Sandbox

from ..people import Person

pytestmark = pytest.mark.anyio

ADA = "ada@example.com"
GRACE = "grace@example.com"
PATIENCE = Patience(
    still_running=timedelta(seconds=0.25), between_looks=timedelta(seconds=0.05), giving_up=timedelta(seconds=2)
)
CREATE, SEND = "gmail.users.drafts.create", "gmail.users.drafts.send"
LOST: dict[str, dict[str, Any]] = {
    "cut before": {"drop": "before"},
    "cut after": {"drop": "after"},
    "late": {"late": "150ms"},
    "503": {"status": 503},
    "truncated": {"truncate": True},
    "corrupt": {"corrupt": True},
}


async def granted(mailgrant: AsyncMailgrant, person: Person) -> AsyncAccount:
    consent = await mailgrant.consents.begin(ADA, "gmail.modify", redirect_uri="http://127.0.0.1:1/")
    await mailgrant.consents.complete(person.agree(consent.url))
    return mailgrant.account(ADA)


@pytest.mark.parametrize("effect", LOST.values(), ids=LOST)
@pytest.mark.parametrize("step", [CREATE, SEND])
async def test_a_lost_answer_is_settled_and_the_mail_goes_out_once(
    sandbox: Sandbox, office: dict[str, Any], person: Person, step: str, effect: dict[str, Any]
) -> None:
    transport = AsyncFastTransport(trusts_environment=False)
    async with AsyncMailgrant(**office, patience=PATIENCE, transport=transport) as mailgrant:
        ada = await granted(mailgrant, person)
        sandbox.fault(step, **effect)
        await ada.gmail.send(to=GRACE, subject="Lunch", text="At noon?")
        left = await ada.gmail.unsettled()

    assert [mail.subject for mail in sandbox.account(GRACE).inbox] == ["Lunch"]
    assert sandbox.account(ADA).drafts == {}
    assert left == ()


async def test_a_mailbox_is_read_and_an_attachment_saved(
    sandbox: Sandbox, office: dict[str, Any], person: Person, tmp_path: Any
) -> None:
    transport = AsyncFastTransport(trusts_environment=False)
    async with AsyncMailgrant(**office, transport=transport) as mailgrant:
        ada = await granted(mailgrant, person)
        await ada.gmail.send(to=ADA, subject="Minutes", text="Attached. " * 500, attachments=[write(tmp_path)])
        (mail,) = [message async for message in ada.gmail.search("in:inbox")]
        saved = await ada.gmail.save(mail, mail.attachments[0], tmp_path)

    assert mail.text.startswith("Attached. Attached.")
    assert saved.read_bytes() == b"\x00\x01" * 300_000


def write(folder: Any) -> Any:
    """Write a file too long for a message's own JSON."""
    path = folder / "minutes.bin"
    path.write_bytes(b"\x00\x01" * 300_000)
    return path
