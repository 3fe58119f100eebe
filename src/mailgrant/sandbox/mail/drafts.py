"""
Drafts: which message each draft is at the moment.

A draft keeps its id while its message is replaced at every edit, and so gets a new message id
(developers.google.com/workspace/gmail/api/guides/drafts).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from mailgrant.sandbox.mail import refusals
from mailgrant.sandbox.mail.mime import read_headers
from mailgrant.sandbox.mail.threads import bare_subject
from mailgrant.sandbox.past import Changes

if TYPE_CHECKING:
    from mailgrant.sandbox.mail.mailbox import Mailbox, StoredMessage

LABELS = ("DRAFT",)


class Drafts:
    """Draft ids and message ids, both ways."""

    KEPT: ClassVar[tuple[str, ...]] = ("_messages", "_drafts")

    def __init__(self) -> None:
        self._messages: dict[str, str] = {}
        self._drafts: dict[str, str] = {}
        self._changes: Changes[tuple[str, str | None]] = Changes()

    def message_of(self, draft_id: str) -> str | None:
        """Return the id of a draft's present message, None if there is no such draft."""
        return self._messages.get(draft_id)

    def draft_of(self, message_id: str) -> str | None:
        """Return the id of the draft that a message is, None if it is none."""
        return self._drafts.get(message_id)

    def put(self, draft_id: str, message_id: str) -> None:
        """Note that a draft is this message from now on."""
        before = self._messages.get(draft_id)
        self._changes.note((draft_id, before))
        self._drafts.pop(before or "", None)
        self._messages[draft_id] = message_id
        self._drafts[message_id] = draft_id

    def drop(self, message_id: str) -> None:
        """Forget the draft that a deleted message was, if it was one."""
        draft_id = self._drafts.pop(message_id, None)
        if draft_id is not None:
            self._changes.note((draft_id, message_id))
            del self._messages[draft_id]

    def as_they_were(self, moment: float) -> Drafts:
        """Return the drafts of a moment of the monotonic clock."""
        messages = dict(self._messages)
        for draft_id, message_id in self._changes.since(moment):
            messages.pop(draft_id, None)
            if message_id is not None:
                messages[draft_id] = message_id
        was = Drafts()
        was._messages, was._drafts = messages, {message_id: draft_id for draft_id, message_id in messages.items()}
        return was


def create(mailbox: Mailbox, raw: bytes, thread_id: str | None = None) -> str:
    """Save a new draft and return its id; raises the refusal of a thread that is not there."""
    check_thread(mailbox, thread_id)
    message = mailbox.add(raw, labels=LABELS, at=mailbox.clock.now(), thread_id=thread_id)
    draft_id = f"r-{mailbox.ids.decimal('draft')}"
    mailbox.drafts.put(draft_id, message.id)
    return draft_id


def replace(mailbox: Mailbox, draft_id: str, raw: bytes, thread_id: str | None = None) -> None:
    """Replace a draft's message. It stays in its thread as long as its subject does."""
    old = message_of(mailbox, draft_id)
    check_thread(mailbox, thread_id)
    headers, _ = read_headers(raw)
    thread = mailbox.matching_thread(headers, thread_id)
    own = mailbox.thread(old.thread_id)
    if thread is None and own is not None and own.subject == bare_subject(headers):
        thread = own
    new = mailbox.store(raw, headers, labels=LABELS, at=mailbox.clock.now(), thread=thread)
    mailbox.drafts.put(draft_id, new.id)
    mailbox.delete(old)


def message_of(mailbox: Mailbox, draft_id: str) -> StoredMessage:
    """Return a draft's present message; raises the refusal of an id that no draft has."""
    message = mailbox.get(mailbox.drafts.message_of(draft_id) or "")
    if message is None:
        raise refusals.not_found()
    return message


def check_thread(mailbox: Mailbox, thread_id: str | None) -> None:
    """Raise the refusal of a thread id that nothing has."""
    if thread_id is not None and mailbox.thread(thread_id) is None:
        raise refusals.not_found()
