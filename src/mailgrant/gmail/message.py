"""Message, Thread and what else Gmail tells of a mailbox; reply() and forward() give Drafts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from . import answering, quoting
from .address import Address, Addresses
from .answering import addresses_in
from .attachment import Attachment
from .draft import HEADER_NAME, MESSAGE_ID, Draft
from .headers import Headers
from .label import SystemLabel
from .payload import (
    EPOCH,
    bodies_of,
    date_of,
    history_id_of,
    label_ids_of,
    number_of,
    snippet_of,
    text_of,
    tree_of,
)

if TYPE_CHECKING:
    from email.message import EmailMessage

    from .payload import Part

__all__ = [
    "Attachment",
    "Evidence",
    "Message",
    "MessageRef",
    "Profile",
    "Sent",
    "Thread",
    "ThreadRef",
]

ANY_MESSAGE_ID = re.compile(r"<[^<>\s]+>")


@dataclass(frozen=True, slots=True)
class MessageRef:
    """What Gmail lists of a message."""

    id: str
    _: KW_ONLY
    thread_id: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """
    A message as Gmail has it, decoded.

    `text` is the plain body, or made from the HTML when there is none; `html` is None when the mail
    has none. `date` is when Gmail took the mail in, in UTC (`internalDate`). `message_id`,
    `in_reply_to` and `references` are the mail's own (RFC 5322 §3.6.4), `id` and `thread_id` Gmail's.
    """

    id: str
    _: KW_ONLY
    thread_id: str | None = None
    label_ids: frozenset[str] = frozenset()
    snippet: str = field(default="", repr=False)
    date: datetime = EPOCH
    from_: Address | None = None
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    subject: str = ""
    text: str = field(default="", repr=False)
    html: str | None = field(default=None, repr=False)
    attachments: tuple[Attachment, ...] = ()
    headers: Headers = field(default=Headers(), repr=False)
    message_id: str | None = None
    in_reply_to: str | None = field(default=None, repr=False)
    references: tuple[str, ...] = field(default=(), repr=False)
    size: int | None = None
    history_id: str | None = None

    @classmethod
    def from_json(cls, value: Mapping[str, Any], *, bodies: Mapping[str, bytes] | None = None) -> Message:
        """
        Read Google's Message resource; nothing in it can make this raise.

        `bodies` has the content, by attachment id, of the bodies that Gmail keeps apart
        (`payload.detached_bodies`).
        """
        headers, parts = tree_of(value)
        return cls.of_tree(value, headers, parts, bodies or {})

    @classmethod
    def of_tree(
        cls, value: Mapping[str, Any], headers: Headers, parts: tuple[Part, ...], bodies: Mapping[str, bytes]
    ) -> Message:
        """Read a Message resource whose part tree was walked already (`payload.tree_of`)."""
        message_id = text_of(value, "id")
        text, html = bodies_of(parts, bodies)
        return cls(
            message_id,
            thread_id=text_of(value, "threadId") or None,
            label_ids=label_ids_of(value),
            snippet=snippet_of(value),
            date=date_of(value, headers),
            from_=next(iter(addresses_in(headers, "From")), None),
            to=addresses_in(headers, "To"),
            cc=addresses_in(headers, "Cc"),
            bcc=addresses_in(headers, "Bcc"),
            reply_to=addresses_in(headers, "Reply-To"),
            subject=headers.first("Subject"),
            text=text,
            html=html,
            attachments=tuple(part.as_attachment(message_id) for part in parts if not part.is_body),
            headers=headers,
            message_id=next(iter(_ids(headers, "Message-ID")), None),
            in_reply_to=next(iter(_ids(headers, "In-Reply-To")), None),
            references=_ids(headers, "References"),
            size=number_of(value, "sizeEstimate"),
            history_id=history_id_of(value),
        )

    @property
    def unread(self) -> bool:
        """True until somebody has read it."""
        return SystemLabel.UNREAD in self.label_ids

    def reply(
        self,
        *,
        text: str | None = None,
        html: str | None = None,
        all: bool = False,
        quote: bool = True,
        me: Addresses | None = None,
        from_: str | Address | None = None,
        signature: bool = False,
    ) -> Draft:
        """
        Return the draft of an answer, in the same thread.

        It goes to Reply-To, else to the sender; a mail that the account sent itself is answered to
        whom it went. `all` adds everybody else but the account, which is known by `me`, one address
        or all it has, or from Delivered-To; where the mail says Mail-Followup-To, it goes there. HTML
        brings along the images that the quotation shows. A mail without a Message-ID is answered by
        thread and subject alone. `from_` and `signature` are the Draft's: the signature goes above
        what is quoted.
        """
        to, cc = answering.answered(self, everybody=all, me=me)
        text, html, quotation = quoting.quoted(self, text, html) if quote else (text, html, None)
        return Draft(
            to,
            cc=cc,
            subject=quoting.reply_subject(self.subject),
            text=text,
            html=html,
            quotation=quotation,
            from_=from_,
            signature=signature,
            attachments=[each for each in self.attachments if quotation and each.is_shown_in(html)],
            in_reply_to=self.message_id,
            references=answering.lineage(self),
            thread_id=self.thread_id,
        )

    def forward(
        self,
        to: Addresses,
        *,
        text: str | None = None,
        html: str | None = None,
        from_: str | Address | None = None,
        signature: bool = False,
    ) -> Draft:
        """
        Return the draft that passes the mail on, its attachments included, in a thread of its own.

        The attachments' content is fetched before the draft is written (`calls.fetch_attachments`).
        """
        subject = quoting.forward_subject(self.subject)
        text, html, quotation = quoting.passed_on(self, text, html)
        return Draft(
            to,
            subject=subject,
            text=text,
            html=html,
            quotation=quotation,
            attachments=self.attachments,
            from_=from_,
            signature=signature,
        )

    def html_safe(self, *, links: bool = False, images: bool = False) -> str:
        """
        Return the body as HTML that may be shown: nothing in it runs, nothing is fetched.

        `links` keeps links, `images` remote images, whose sender learns that the mail was read;
        images of the mail itself stay as `cid:…`, for the program to fill in. A mail without HTML is
        shown as its text.
        """
        from .html_safe import make_safe

        return quoting.as_html(self.text) if self.html is None else make_safe(self.html, links=links, images=images)

    def as_email(self) -> EmailMessage:
        """
        Return the standard library's message: the header fields, the bodies decoded, the attachments.

        An attachment whose content was not fetched is there without it. `gmail.raw` gives the mail
        byte for byte.
        """
        from .email_message import email_of

        return email_of(self)

    def as_draft(self, draft_id: str) -> Draft:
        """Return the draft that Gmail holds under `draft_id` and whose message this is."""
        invitation = next((each for each in self.attachments if each.invitation), None)
        return Draft(
            self.to,
            cc=self.cc,
            bcc=self.bcc,
            subject=self.subject,
            text=self.text,
            html=self.html,
            calendar=invitation.invitation if invitation is not None else None,
            attachments=tuple(each for each in self.attachments if each is not invitation),
            from_=self.from_,
            reply_to=self.reply_to,
            headers=[(name, value) for name, value in self.headers.fields if _is_extension(name)],
            in_reply_to=self.in_reply_to,
            references=self.references,
            thread_id=self.thread_id,
            id=draft_id,
            message_id=self.id,
        )


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation, its messages oldest first."""

    id: str
    _: KW_ONLY
    messages: tuple[Message, ...] = ()
    history_id: str | None = None


@dataclass(frozen=True, slots=True)
class ThreadRef:
    """What Gmail lists of a conversation."""

    id: str
    _: KW_ONLY
    snippet: str = field(default="", repr=False)
    history_id: str | None = None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> ThreadRef:
        """Read an item of users.threads.list."""
        return cls(text_of(value, "id"), snippet=snippet_of(value), history_id=history_id_of(value))


class Evidence(Enum):
    """How it is known that Gmail accepted a mail."""

    ANSWER = "answer"
    DRAFT_GONE = "draft gone"
    SENT_COPY = "sent copy"


@dataclass(frozen=True, slots=True)
class Sent:
    """
    A mail that Gmail accepted, which is not to say that it was delivered.

    `evidence` says how that is known. `id` is None where the answer was lost and the grant may not
    look among the sent mail.
    """

    id: str | None
    _: KW_ONLY
    thread_id: str | None = None
    evidence: Evidence = Evidence.ANSWER


@dataclass(frozen=True, slots=True)
class Profile:
    """A mailbox: whose it is, how much it holds, and its newest history id."""

    email: str
    _: KW_ONLY
    messages: int | None = None
    threads: int | None = None
    history_id: str | None = None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Profile:
        """Read Google's Profile resource."""
        return cls(
            text_of(value, "emailAddress"),
            messages=number_of(value, "messagesTotal"),
            threads=number_of(value, "threadsTotal"),
            history_id=history_id_of(value),
        )


def _is_extension(name: str) -> bool:
    return name.lower().startswith("x-") and HEADER_NAME.fullmatch(name) is not None


def _ids(headers: Headers, name: str) -> tuple[str, ...]:
    values = headers.all(name)
    if not values:
        return ()
    found = (each for value in values for each in ANY_MESSAGE_ID.findall(value))
    return tuple(dict.fromkeys(each for each in found if MESSAGE_ID.fullmatch(each)))
