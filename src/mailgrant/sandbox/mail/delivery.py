"""
Post: what happens when a mail leaves, and how mail comes in from outside.

A send puts a copy into Sent, an arrival into every mailbox of the sandbox that is addressed, and a
line into the list of all that ever left. Recipients elsewhere in the world get it as far as that list.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from mailgrant.sandbox.mail import drafts, outgoing, refusals
from mailgrant.sandbox.mail.arrival import Arrival
from mailgrant.sandbox.mail.mailbox import ARRIVED, StoredMessage
from mailgrant.sandbox.mail.mime import Headers, read_headers
from mailgrant.sandbox.mail.sending_limits import SendingLimits
from mailgrant.sandbox.mail.threads import Thread, bare_subject

if TYPE_CHECKING:
    from email.message import EmailMessage

    from mailgrant.sandbox.people import Person
    from mailgrant.sandbox.sandbox import Sandbox

__all__ = ["Post", "SentMail", "StoredMessage", "compose", "deliver_fields"]

SENT = ("SENT",)
SENT_TO_SELF = ("UNREAD", "SENT", "INBOX")
# Stands for the number of the program's project in the trace.
PROJECT = "000000000000"

FIELDS = frozenset({"from", "to", "cc", "bcc", "subject", "text", "html", "attachments", "labels", "date", "headers"})
ADDRESSES = {"from": "From", "to": "To", "cc": "Cc", "bcc": "Bcc"}


@dataclass(frozen=True, slots=True)
class SentMail:
    """
    One mail that left: its bytes as they left, and the id of the sender's own copy.

    `method` is the API's, or `vacation`, `forwarding`, `settings` for what a mailbox sends by itself, and `person`.
    """

    sender: str
    recipients: tuple[str, ...] = field(kw_only=True)
    raw: bytes = field(kw_only=True, repr=False)
    at: datetime = field(kw_only=True)
    method: str = field(kw_only=True)
    message_id: str = field(kw_only=True)


class Post:
    """The post office of one sandbox; `sent` lists every mail that left, in order."""

    KEPT: ClassVar[tuple[str, ...]] = ("_limits",)

    def __init__(self, world: Sandbox) -> None:
        self._world = world
        self._limits = SendingLimits(world.clock, world.quota)
        self.sent: list[SentMail] = []

    def send(
        self,
        person: Person,
        raw: bytes,
        thread_id: str | None = None,
        *,
        method: str = "gmail.users.messages.send",
        conversation: Thread | None = None,
    ) -> StoredMessage:
        """
        Send a mail and return the sender's copy.

        `thread_id` is what a program asks for, and holds only if the mail fits that thread;
        `conversation` is where a draft has been, which holds as long as the subject is the same.
        """
        headers, _ = read_headers(raw)
        envelope = outgoing.recipients(headers)
        if not envelope:
            raise refusals.no_recipient()
        drafts.check_thread(person.mailbox, thread_id)
        self._limits.check(person, len(envelope))
        self._limits.count(person, len(envelope))
        written = self._rewritten(person, raw)
        to_self = self._is_among(person, envelope)
        copy = self._keep_copy(person, written, thread_id, conversation, to_self=to_self)
        leaving = outgoing.with_text(outgoing.without_bcc(written))
        self.dispatch(person, leaving, envelope, method=method, message_id=copy.id)
        if to_self:
            Arrival(self._world, person, written).follow_up(SENT_TO_SELF)
        return copy

    def dispatch(
        self, person: Person, leaving: bytes, envelope: tuple[str, ...], *, method: str, message_id: str = ""
    ) -> None:
        """
        Let a mail leave as it is: onto the list of all that left, and to those who are here.

        `message_id` is the sender's own copy; what a mailbox sends by itself leaves none.
        """
        mail = SentMail(
            person.email,
            recipients=envelope,
            raw=leaving,
            at=self._world.clock.now(),
            method=method,
            message_id=message_id,
        )
        self.sent.append(mail)
        for recipient in {found.email: found for address in envelope if (found := self._find(address))}.values():
            if recipient is not person:
                self._arrive(recipient, leaving, person.email)

    def _rewritten(self, person: Person, raw: bytes) -> bytes:
        return outgoing.rewritten(
            raw,
            outgoing.Sender.of(person.settings.aliases),
            message_id=f"CA{self._world.ids.text('message-id', 48)}@mail.gmail.com",
            now=self._world.clock.now(),
            project=PROJECT,
        )

    def _keep_copy(
        self,
        person: Person,
        written: bytes,
        thread_id: str | None,
        conversation: Thread | None,
        *,
        to_self: bool,
    ) -> StoredMessage:
        headers, _ = read_headers(written)
        thread = person.mailbox.matching_thread(headers, thread_id) or _continued(conversation, headers)
        labels = Arrival(self._world, person, written).sorted(SENT_TO_SELF) if to_self else SENT
        now = self._world.clock.now()
        return person.mailbox.store(written, headers, labels=labels, at=now, thread=thread)

    def _arrive(self, recipient: Person, leaving: bytes, sender: str) -> None:
        now = self._world.clock.now()
        trace = self._world.ids.text("trace", 24)
        raw = outgoing.arrived(leaving, recipient.email, sender, trace=trace, now=now)
        Arrival(self._world, recipient, raw).receive(at=now)

    def _is_among(self, person: Person, envelope: tuple[str, ...]) -> bool:
        return any(self._find(address) is person for address in envelope)

    def _find(self, address: str) -> Person | None:
        """Return whose an address is; what follows a plus in it is the owner's own business."""
        local, _, domain = address.rpartition("@")
        return self._world.people.find(address) or self._world.people.find(f"{local.partition('+')[0]}@{domain}")


def deliver_fields(world: Sandbox, person: Person, fields: Mapping[str, Any], at: datetime) -> StoredMessage:
    """
    Let a mail arrive that is given by its fields, as the control API takes them.

    Its date is `date` if given, else `at`. Raises ValueError naming a field that is unknown or wrong.
    """
    mailbox = person.mailbox
    when = _date(fields["date"]) if "date" in fields else at
    named = {name.lower() for name in fields.get("headers", {})}
    extra: dict[str, Any] = {} if "date" in named else {"Date": when}
    if "message-id" not in named:
        extra["Message-ID"] = f"<{mailbox.ids.text('message-id', 32)}@mail.example>"
    raw = compose({"to": person.email} | dict(fields), extra)
    return Arrival(world, person, raw).receive(labels=fields.get("labels", ARRIVED), at=when)


def compose(fields: Mapping[str, Any], extra: Mapping[str, Any] | None = None) -> bytes:
    """
    Return a mail from its fields: `from`, `to`, `cc`, `bcc`, `subject`, `text`, `html`, `headers`, `attachments`.

    `attachments` is a list of `{"filename", "type", "content"}`, the content in base64; `headers` and
    `extra` are further headers. Raises ValueError naming a field that is unknown or wrong.
    """
    from email import policy
    from email.message import EmailMessage

    unknown = set(fields) - FIELDS
    if unknown:
        raise ValueError(f"a mail has no field {sorted(unknown)[0]!r}; it has {', '.join(sorted(FIELDS))}")
    mail = EmailMessage(policy.SMTP)
    for name, header in ADDRESSES.items():
        if fields.get(name):
            mail[header] = _listed(fields[name])
    mail["Subject"] = str(fields.get("subject", ""))
    for header, value in {**(extra or {}), **fields.get("headers", {})}.items():
        mail[header] = value
    _fill(mail, fields)
    return mail.as_bytes()


def _fill(mail: EmailMessage, fields: Mapping[str, Any]) -> None:
    text, html = fields.get("text"), fields.get("html")
    if text or not html:
        mail.set_content(text or "")
    if html and text:
        mail.add_alternative(html, subtype="html")
    elif html:
        mail.set_content(html, subtype="html")
    for attachment in fields.get("attachments", ()):
        if not isinstance(attachment, Mapping) or "filename" not in attachment:
            raise ValueError("an attachment is an object with filename, type and content (base64)")
        maintype, _, subtype = attachment.get("type", "application/octet-stream").partition("/")
        content = b64decode(attachment.get("content", ""), validate=True)
        mail.add_attachment(content, maintype=maintype, subtype=subtype, filename=attachment["filename"])


def _listed(value: Any) -> str:
    return ", ".join(value) if isinstance(value, (list, tuple)) else str(value)


def _date(value: Any) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    if moment.tzinfo is None:
        raise ValueError(f"the date {value} has no time zone")
    return moment


def _continued(conversation: Thread | None, headers: Headers) -> Thread | None:
    if conversation is not None and conversation.subject == bare_subject(headers):
        return conversation
    return None
