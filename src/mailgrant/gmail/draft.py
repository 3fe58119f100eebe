"""Draft: a message not yet sent; its RFC 5322 bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from mailgrant.errors import InvalidRequest

from .address import Address, Addresses
from .attachment import CALENDAR_BEGINS, Attachment, Attachments, Place
from .header_text import refuse_unprintable
from .headers import HeaderFields, Headers
from .quoting import Quotation
from .source import Source, all_of

# RFC 5322 §3.6.8: printable ASCII without the colon.
HEADER_NAME = re.compile(r"[\x21-\x39\x3b-\x7e]{1,76}")
MESSAGE_ID = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{1,900}>")

FIELD_OF_HEADER = {
    "from": "from_",
    "to": "to",
    "cc": "cc",
    "bcc": "bcc",
    "reply-to": "reply_to",
    "subject": "subject",
    "in-reply-to": "in_reply_to",
    "references": "references",
}
WRITTEN_HEADERS = frozenset({"date", "mime-version"})


@dataclass(frozen=True, slots=True)
class DraftRef:
    """What Gmail lists of a draft it holds. The draft's id stays; its message's id changes with every edit."""

    id: str
    _: KW_ONLY
    message_id: str | None = None
    thread_id: str | None = None


@dataclass(frozen=True, slots=True, init=False)
class Draft:
    """
    A message not yet sent.

    Recipients are taken as people type them, attachments as paths, `Attachment`s or a mapping of
    name to bytes; everything is checked here, before anything travels: InvalidRequest names the
    field. HTML alone gets a text made from it; `calendar` is an iCalendar text that calendars read
    as another form of the mail (RFC 6047). `id` is None until Gmail holds the draft, `message_id`
    is then Gmail's id of the message in it. `from_` is an address that the account may send as, and
    `signature` takes what Gmail keeps for it: its name, its reply address, and its signature, which
    goes below the text and above the `quotation` that `reply` and `forward` put at its end. To change
    one, use `dataclasses.replace`.
    """

    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    subject: str
    text: str | None = field(repr=False)
    html: str | None = field(repr=False)
    calendar: str | None = field(repr=False)
    attachments: tuple[Attachment, ...]
    from_: Address | None
    reply_to: tuple[Address, ...]
    headers: Headers = field(repr=False)
    in_reply_to: str | None = field(repr=False)
    references: tuple[str, ...] = field(repr=False)
    thread_id: str | None
    id: str | None
    message_id: str | None
    signature: bool
    quotation: Quotation | None = field(repr=False)

    def __init__(
        self,
        to: Addresses = (),
        *,
        cc: Addresses = (),
        bcc: Addresses = (),
        subject: str = "",
        text: str | None = None,
        html: str | None = None,
        calendar: str | None = None,
        attachments: Attachments = (),
        from_: str | Address | None = None,
        reply_to: Addresses = (),
        headers: HeaderFields = (),
        in_reply_to: str | None = None,
        references: str | Iterable[str] = (),
        thread_id: str | None = None,
        id: str | None = None,
        message_id: str | None = None,
        signature: bool = False,
        quotation: Quotation | None = None,
    ) -> None:
        checked = {
            "to": Address.parse_list(to, field="to"),
            "cc": Address.parse_list(cc, field="cc"),
            "bcc": Address.parse_list(bcc, field="bcc"),
            "subject": refuse_unprintable(subject, what="The subject"),
            "text": _checked_body(text, "text"),
            "html": _checked_body(html, "html"),
            "calendar": _checked_calendar(calendar),
            "attachments": Attachment.collect(attachments),
            "from_": None if from_ is None else Address.parse(from_, field="from_"),
            "reply_to": Address.parse_list(reply_to, field="reply_to"),
            "headers": _checked_headers(headers),
            "in_reply_to": None if in_reply_to is None else _checked_message_id(in_reply_to, "in_reply_to"),
            "references": _checked_references(references),
            "thread_id": _checked_id(thread_id, "thread_id"),
            "id": _checked_id(id, "id"),
            "message_id": message_id,
            "signature": _checked_choice(signature),
            "quotation": quotation,
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @property
    def recipients(self) -> tuple[Address, ...]:
        """Everybody the mail goes to."""
        return self.to + self.cc + self.bcc

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that must be opened before the draft can be written."""
        places = (each.place for each in self.attachments)
        return tuple(dict.fromkeys(place for place in places if isinstance(place, Path)))

    @property
    def at_gmail(self) -> tuple[Attachment, ...]:
        """The attachments whose content must be fetched first: of a forwarded mail, of a kept draft."""
        return tuple(each for each in self.attachments if isinstance(each.place, tuple))

    def kept_as(self, reference: DraftRef) -> Draft:
        """Return the draft as Gmail holds it now."""
        return replace(self, id=reference.id, message_id=reference.message_id, thread_id=reference.thread_id)

    def to_bytes(self, *, now: datetime, entropy: Callable[[int], bytes], for_sending: bool = True) -> bytes:
        """
        Write the mail down (RFC 5322, CRLF, ASCII), all of it in memory.

        Raises what `to_source` raises.
        """
        return all_of(self.to_source(now=now, entropy=entropy, for_sending=for_sending))

    def to_source(
        self,
        *,
        now: datetime,
        entropy: Callable[[int], bytes],
        for_sending: bool = True,
        opened: Mapping[Place, Source] | None = None,
        most_recipients: int = 500,
    ) -> Source:
        """
        Write the mail down without reading its attachments, which is done when it travels.

        `now` becomes the Date, `entropy` keeps the parts apart, `opened` has what is not here, by
        the attachments' places.
        Raises InvalidRequest when an attachment was not opened, when it is more than Gmail takes, when
        it goes to more than `most_recipients`, or is to be sent and there is nobody to send it to.
        """
        from .mime import write

        return write(
            self,
            now=now,
            entropy=entropy,
            for_sending=for_sending,
            opened=opened or {},
            most_recipients=most_recipients,
        )


def _checked_body(body: str | None, name: str) -> str | None:
    if body is None:
        return None
    if not isinstance(body, str):
        raise InvalidRequest(
            f"{name}: {type(body).__name__} is not a text.", hint="Decode bytes first: content.decode()."
        )
    try:
        body.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequest(f"{name}: the character at {error.start} is half a surrogate pair.") from error
    return body


def _checked_calendar(calendar: str | None) -> str | None:
    if _checked_body(calendar, "calendar") is not None and not str(calendar).lstrip().startswith(CALENDAR_BEGINS):
        raise InvalidRequest("calendar: this is no iCalendar text.", hint=f"Its first line is {CALENDAR_BEGINS}.")
    return calendar


def _checked_headers(given: HeaderFields) -> Headers:
    headers = _as_headers(given)
    for name, value in headers.fields:
        if not HEADER_NAME.fullmatch(refuse_unprintable(name, what="The name of a header")):
            raise InvalidRequest(f"headers: {name!r} is not the name of a header.")
        refuse_unprintable(value, what=f"The header {name}")
        _refuse_own(name)
    return headers


def _as_headers(given: Any) -> Headers:
    """Take a mapping or pairs; a text is neither, though Python would take it apart."""
    fields = Headers.of(given).fields if isinstance(given, Iterable) and not isinstance(given, str) else None
    if fields is None or not all(map(_is_pair, fields)):
        raise InvalidRequest("headers: this is no mapping, nor pairs.", hint='Write {"X-Note": "noon"}.')
    return Headers(fields)


def _is_pair(field: object) -> bool:
    return isinstance(field, (tuple, list)) and len(field) == 2


def _refuse_own(name: str) -> None:
    """Keep a header we write ourselves from being there twice, saying different things."""
    own = FIELD_OF_HEADER.get(name.lower())
    if own:
        raise InvalidRequest(f"headers: {name} has a field of its own.", hint=f"Pass {own}= instead.")
    if name.lower() in WRITTEN_HEADERS or name.lower().startswith("content-"):
        raise InvalidRequest(f"headers: {name} is written by us, from what the mail holds.")


def _checked_choice(signature: Any) -> bool:
    if not isinstance(signature, bool):
        raise InvalidRequest(
            f"signature: True or False is wanted, not {type(signature).__name__}.",
            hint="The signature is the one in Gmail's settings; a text of your own belongs at the end of text=.",
        )
    return signature


def _checked_id(given: Any, name: str) -> str | None:
    if given is not None and not (isinstance(given, str) and given.strip()):
        raise InvalidRequest(f"{name}: {given!r} is no id that Gmail gives.")
    return given


def _checked_references(given: Any) -> tuple[str, ...]:
    if not isinstance(given, Iterable):
        raise InvalidRequest(f"references: {type(given).__name__} is no list of ids.")
    ids = given.split() if isinstance(given, str) else given
    return tuple(_checked_message_id(each, "references") for each in ids)


def _checked_message_id(text: str, name: str) -> str:
    message_id = refuse_unprintable(text, what=name).strip()
    message_id = message_id if message_id.startswith("<") else f"<{message_id}>"
    if not MESSAGE_ID.fullmatch(message_id):
        raise InvalidRequest(f"{name}: {text!r} is not the id of a mail.", hint="It is its Message-ID header.")
    return message_id
