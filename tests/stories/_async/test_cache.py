"""What never changes is on disk for the next program, if that was wished for, and goes with the grant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailgrant import AsyncAccount, AsyncMailgrant, Attachment, Draft
from mailgrant.errors import ConsentNeeded, GrantNotFound
from mailgrant.sandbox import Sandbox
from mailgrant.settings import Settings

from ..people import Person

pytestmark = pytest.mark.anyio

ADA = "ada@example.com"
GRACE = "grace@example.com"
READ, ATTACHED = "gmail.users.messages.get", "gmail.users.messages.attachments.get"
CONTENT = b"\x00minutes" * 1_000
Open = Callable[..., AsyncMailgrant]


@pytest.fixture
def program(office: dict[str, Any], tmp_path: Path) -> Open:
    """Start a program of its own that uses the vault at home, with a cache on disk unless told."""

    def opened(**given: Any) -> AsyncMailgrant:
        settings = Settings.load(**{"cache": "50 MB", **given})
        return AsyncMailgrant(**{**office, "vault": str(tmp_path / "data" / "vault.db")}, settings=settings)

    return opened


@pytest.fixture
def shelves(own_environment: Path) -> Callable[[], list[Path]]:
    """List the contents on disk."""
    return lambda: [each for each in (own_environment / ".cache").rglob("*") if each.is_file() and each.name != "count"]


async def granted(mailgrant: AsyncMailgrant, person: Person, account: str = ADA) -> AsyncAccount:
    consent = await mailgrant.consents.begin(account, "gmail.modify", redirect_uri="http://127.0.0.1:1/")
    await mailgrant.consents.complete(person.agree(consent.url))
    return mailgrant.account(account)


async def sent(account: AsyncAccount) -> str:
    draft = Draft(ADA, subject="Minutes", text="Attached.", attachments=[Attachment("a.bin", content=CONTENT)])
    return (await account.gmail.send(draft)).id or ""


async def read(account: AsyncAccount, message_id: str) -> tuple[bytes, bytes]:
    mail = await account.gmail.read(message_id)
    return await account.gmail.attachment(mail, mail.attachments[0]), await account.gmail.raw(message_id)


def asked(sandbox: Sandbox) -> tuple[int, int]:
    """How many attachments and messages were asked for."""
    operations = [entry.method for entry in sandbox.requests]
    return operations.count(ATTACHED), operations.count(READ)


async def test_what_one_program_has_fetched_the_next_one_reads_without_a_request(
    sandbox: Sandbox, program: Open, person: Person
) -> None:
    async with program() as mailgrant:
        ada = await granted(mailgrant, person)
        message_id = await sent(ada)
        first = await read(ada, message_id)
        assert asked(sandbox) == (1, 2)

    async with program() as mailgrant:
        second = await read(mailgrant.account(ADA), message_id)

    assert second == first
    assert first[0] == CONTENT
    # The message itself is asked for again: its labels change.
    assert asked(sandbox) == (1, 3)


async def test_unless_it_is_wished_for_nothing_is_on_disk(
    sandbox: Sandbox, program: Open, person: Person, shelves: Callable[[], list[Path]]
) -> None:
    async with program(cache=None) as mailgrant:
        ada = await granted(mailgrant, person)
        await read(ada, await sent(ada))

    assert shelves() == []


async def test_a_vault_in_memory_leaves_nothing_on_disk(
    office: dict[str, Any], person: Person, shelves: Callable[[], list[Path]]
) -> None:
    async with AsyncMailgrant(**office, settings=Settings.load(cache="50 MB")) as mailgrant:
        ada = await granted(mailgrant, person)
        await read(ada, await sent(ada))

    assert shelves() == []


@pytest.mark.parametrize("here", [True, False], ids=["forgotten", "revoked"])
async def test_with_a_grant_goes_what_was_read_with_it(
    here: bool, program: Open, person: Person, shelves: Callable[[], list[Path]]
) -> None:
    async with program() as mailgrant:
        for account in (ADA, GRACE):
            mailbox = await granted(mailgrant, person, account)
            message_id = await sent(mailbox)
            await read(mailbox, message_id)
        assert len(shelves()) == 4

    # A program that keeps nothing itself.
    async with program(cache=None) as mailgrant:
        await (mailgrant.forget(GRACE) if here else mailgrant.revoke(GRACE))

    assert len(shelves()) == 2
    async with program() as mailgrant:
        with pytest.raises((GrantNotFound, ConsentNeeded)):
            await mailgrant.account(GRACE).gmail.raw(message_id)


async def test_a_new_key_leaves_nothing_that_the_old_one_opens(
    sandbox: Sandbox, program: Open, person: Person, shelves: Callable[[], list[Path]]
) -> None:
    async with program() as mailgrant, program() as other:
        ada = await granted(mailgrant, person)
        message_id = await sent(ada)
        await ada.gmail.raw(message_id)
        await other.vault.rotate()
        assert shelves() == []

        # Another object, so that it is not in memory.
        await mailgrant.account(ADA).gmail.raw(message_id)
        await other.account(ADA).gmail.raw(message_id)

    assert asked(sandbox) == (0, 2)


async def test_a_folder_that_cannot_be_used_is_said_and_reading_goes_on(
    program: Open, person: Person, own_environment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (own_environment / ".cache").mkdir()
    (own_environment / ".cache" / "mailgrant").write_text("This is no folder.")

    async with program() as mailgrant:
        ada = await granted(mailgrant, person)
        content, raw = await read(ada, await sent(ada))

    assert content == CONTENT
    assert b"Subject: Minutes" in raw
    assert capsys.readouterr().err.count("the cache in") == 1
