"""
Account: an account of the sandbox in the hands of a test.

What it gives back are plain values; changing them changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mailgrant.sandbox.mail import delivery, hand
from mailgrant.sandbox.mail.arrival import Arrival
from mailgrant.sandbox.people import Person

if TYPE_CHECKING:
    from email.message import EmailMessage

    from mailgrant.sandbox.mail.delivery import StoredMessage
    from mailgrant.sandbox.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class HeldMessage:
    """A message as a mailbox holds it."""

    id: str
    thread_id: str = field(kw_only=True)
    labels: frozenset[str] = field(kw_only=True)
    raw: bytes = field(kw_only=True, repr=False)

    @property
    def parsed(self) -> EmailMessage:
        """The message as the standard library reads it."""
        from email import message_from_bytes, policy
        from email.message import EmailMessage

        parsed = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    @property
    def subject(self) -> str:
        """The subject, decoded; empty if there is none."""
        return str(self.parsed["Subject"] or "")

    @property
    def from_(self) -> str:
        """The From header, decoded."""
        return str(self.parsed["From"] or "")

    @property
    def to(self) -> str:
        """The To header, decoded."""
        return str(self.parsed["To"] or "")

    @property
    def text(self) -> str:
        """The plain text, empty if there is none."""
        body = self.parsed.get_body(("plain",))
        return str(body.get_content()) if body is not None else ""


class Account:
    """One account: its mailbox and its diary."""

    def __init__(self, person: Person, world: Sandbox) -> None:
        self._person = person
        self._world = world

    @property
    def email(self) -> str:
        """The address."""
        return self._person.email

    @property
    def sub(self) -> str:
        """The number by which Google knows the person."""
        return self._person.sub

    def receive(self, *, from_: str, subject: str = "", text: str = "", **more: Any) -> HeldMessage:
        """
        Let a mail arrive.

        `more` is what the control API takes: `to` (this account unless told), `html`, `attachments`,
        `labels`, `date`.
        """
        fields = {"from": from_, "to": self.email, "subject": subject, "text": text} | more
        with self._changing():
            return _held(delivery.deliver_fields(self._world, self._person, fields, self._world.clock.now()))

    def deliver(self, raw: bytes, *, labels: tuple[str, ...] = ("INBOX", "UNREAD")) -> HeldMessage:
        """Put a mail into the mailbox as it is (RFC 5322), without rewriting anything."""
        with self._changing():
            return _held(Arrival(self._world, self._person, raw).receive(labels=labels))

    def messages(self, query: str = "") -> list[HeldMessage]:
        """Return what a search in Gmail finds, newest first; everything outside Spam and Trash for no query."""
        with self._world.locked():
            return [_held(stored) for stored in self._person.mailbox.search(query)]

    @property
    def inbox(self) -> list[HeldMessage]:
        """The messages of the inbox, newest first."""
        return self.messages("in:inbox")

    def add_event(self, summary: str, *, start: datetime, end: datetime, **more: Any) -> dict[str, Any]:
        """Put an event into the calendar; `more` is the rest of Google's Event JSON. Returns it."""
        times = {"start": {"dateTime": start.isoformat()}, "end": {"dateTime": end.isoformat()}}
        body = {"summary": summary, **times, **more}
        with self._changing():
            added: dict[str, Any] = self._person.diary.add_event("primary", body, actor=self.email)
            return added

    @property
    def drafts(self) -> dict[str, HeldMessage]:
        """The drafts by their ids, newest first."""
        held = self._person.mailbox
        with self._world.locked():
            return {
                draft_id: _held(found)
                for found in held.search("in:drafts")
                if (draft_id := held.drafts.draft_of(found.id))
            }

    def edit_draft(self, draft_id: str, **fields: Any) -> HeldMessage:
        """Change a draft as its owner would in Gmail's page: `to`, `cc`, `bcc`, `subject`, `text`, `html`."""
        with self._changing():
            return _held(hand.edit(self._person, draft_id, fields))

    def send_draft(self, draft_id: str) -> HeldMessage:
        """Send a draft as its owner would in Gmail's page; returns the copy in Sent."""
        with self._changing():
            return _held(hand.send(self._world, self._person, draft_id))

    def delete_draft(self, draft_id: str) -> None:
        """Throw a draft away as its owner would in Gmail's page."""
        with self._changing():
            hand.delete(self._person, draft_id)

    def confirm(self, address: str) -> None:
        """
        Agree, as the owner of `address`, that this account sends as it or forwards to it.

        Raises ValueError if nobody was asked.
        """
        with self._changing():
            if not self._person.settings.confirm(address):
                raise ValueError(f"{self.email} has asked nothing of {address}")

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Keep requests out, and afterwards tell those who watch."""
        with self._world.locked():
            yield
            self._world.channels.look()
            self._world.push.look()


def _held(stored: StoredMessage) -> HeldMessage:
    return HeldMessage(stored.id, thread_id=stored.thread_id, labels=frozenset(stored.labels), raw=stored.raw)
