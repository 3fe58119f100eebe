# Written by scripts/unasync.py from tests/stories/_async/test_cache.py.
# Do not edit: change that file and run `make sync`.
"""What never changes is on disk for the next program, if that was wished for, and goes with the grant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailgrant import Account, Attachment, Draft, Mailgrant
from mailgrant.errors import ConsentNeeded, GrantNotFound
from mailgrant.sandbox import Sandbox
from mailgrant.settings import Settings

from ..people import Person

pytestmark = pytest.mark.anyio

ADA = "ada@example.com"
GRACE = "grace@example.com"
READ, ATTACHED = "gmail.users.messages.get", "gmail.users.messages.attachments.get"
CONTENT = b"\x00minutes" * 1_000
Open = Callable[..., Mailgrant]


@pytest.fixture
def program(office: dict[str, Any], tmp_path: Path) -> Open:
    """Start a program of its own that uses the vault at home, with a cache on disk unless told."""

    def opened(**given: Any) -> Mailgrant:
        settings = Settings.load(**{"cache": "50 MB", **given})
        return Mailgrant(**{**office, "vault": str(tmp_path / "data" / "vault.db")}, settings=settings)

    return opened


@pytest.fixture
def shelves(own_environment: Path) -> Callable[[], list[Path]]:
    """List the contents on disk."""
    return lambda: [each for each in (own_environment / ".cache").rglob("*") if each.is_file() and each.name != "count"]


def granted(mailgrant: Mailgrant, person: Person, account: str = ADA) -> Account:
    consent = mailgrant.consents.begin(account, "gmail.modify", redirect_uri="http://127.0.0.1:1/")
    mailgrant.consents.complete(person.agree(consent.url))
    return mailgrant.account(account)


def sent(account: Account) -> str:
    draft = Draft(ADA, subject="Minutes", text="Attached.", attachments=[Attachment("a.bin", content=CONTENT)])
    return (account.gmail.send(draft)).id or ""


def read(account: Account, message_id: str) -> tuple[bytes, bytes]:
    mail = account.gmail.read(message_id)
    return account.gmail.attachment(mail, mail.attachments[0]), account.gmail.raw(message_id)


def asked(sandbox: Sandbox) -> tuple[int, int]:
    """How many attachments and messages were asked for."""
    operations = [entry.method for entry in sandbox.requests]
    return operations.count(ATTACHED), operations.count(READ)


def test_what_one_program_has_fetched_the_next_one_reads_without_a_request(
    sandbox: Sandbox, program: Open, person: Person
) -> None:
    with program() as mailgrant:
        ada = granted(mailgrant, person)
        message_id = sent(ada)
        first = read(ada, message_id)
        assert asked(sandbox) == (1, 2)

    with program() as mailgrant:
        second = read(mailgrant.account(ADA), message_id)

    assert second == first
    assert first[0] == CONTENT
    # The message itself is asked for again: its labels change.
    assert asked(sandbox) == (1, 3)


def test_unless_it_is_wished_for_nothing_is_on_disk(
    sandbox: Sandbox, program: Open, person: Person, shelves: Callable[[], list[Path]]
) -> None:
    with program(cache=None) as mailgrant:
        ada = granted(mailgrant, person)
        read(ada, sent(ada))

    assert shelves() == []


def test_a_vault_in_memory_leaves_nothing_on_disk(
    office: dict[str, Any], person: Person, shelves: Callable[[], list[Path]]
) -> None:
    with Mailgrant(**office, settings=Settings.load(cache="50 MB")) as mailgrant:
        ada = granted(mailgrant, person)
        read(ada, sent(ada))

    assert shelves() == []


@pytest.mark.parametrize("here", [True, False], ids=["forgotten", "revoked"])
def test_with_a_grant_goes_what_was_read_with_it(
    here: bool, program: Open, person: Person, shelves: Callable[[], list[Path]]
) -> None:
    with program() as mailgrant:
        for account in (ADA, GRACE):
            mailbox = granted(mailgrant, person, account)
            message_id = sent(mailbox)
            read(mailbox, message_id)
        assert len(shelves()) == 4

    # A program that keeps nothing itself.
    with program(cache=None) as mailgrant:
        (mailgrant.forget(GRACE) if here else mailgrant.revoke(GRACE))

    assert len(shelves()) == 2
    with program() as mailgrant:
        with pytest.raises((GrantNotFound, ConsentNeeded)):
            mailgrant.account(GRACE).gmail.raw(message_id)


def test_a_new_key_leaves_nothing_that_the_old_one_opens(
    sandbox: Sandbox, program: Open, person: Person, shelves: Callable[[], list[Path]]
) -> None:
    with program() as mailgrant, program() as other:
        ada = granted(mailgrant, person)
        message_id = sent(ada)
        ada.gmail.raw(message_id)
        other.vault.rotate()
        assert shelves() == []

        # Another object, so that it is not in memory.
        mailgrant.account(ADA).gmail.raw(message_id)
        other.account(ADA).gmail.raw(message_id)

    assert asked(sandbox) == (0, 2)


def test_a_folder_that_cannot_be_used_is_said_and_reading_goes_on(
    program: Open, person: Person, own_environment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (own_environment / ".cache").mkdir()
    (own_environment / ".cache" / "mailgrant").write_text("This is no folder.")

    with program() as mailgrant:
        ada = granted(mailgrant, person)
        content, raw = read(ada, sent(ada))

    assert content == CONTENT
    assert b"Subject: Minutes" in raw
    assert capsys.readouterr().err.count("the cache in") == 1
