"""Write a draft down as RFC 5322 bytes: heads by our own hand, texts and structure by the standard library."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import TYPE_CHECKING

from mailgrant.errors import InvalidRequest

from .address import Address
from .attachment import Attachment, Place
from .header_text import encode, encode_if_needed, fold
from .part_head import LONGEST_WHOLE, part_head
from .source import Content, Encoded, Joined, Source

if TYPE_CHECKING:
    from email.message import EmailMessage, MIMEPart

    from .draft import Draft

# Gmail takes 25 MB of attachments, which grow by a third on the way, and refuses more than 35 MiB
# (discovery: maxSize of users.messages.send).
MOST_ATTACHED = 25 * 1024 * 1024
MOST_WRITTEN = 36_700_160
# Google has published 100 and 500 for a mail by the API, and its own page takes 2,000: hence a setting.
MOST_RECIPIENTS = 500

# Neither 7bit nor quoted-printable carries these faithfully through every relay.
CALENDAR_METHOD = re.compile(r"^METHOD:([A-Za-z-]+)\s*$", re.MULTILINE | re.IGNORECASE)
NEEDS_BASE64 = re.compile("[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f]")


def write(
    draft: Draft,
    *,
    now: datetime,
    entropy: Callable[[int], bytes],
    for_sending: bool,
    opened: Mapping[Place, Source],
    most_recipients: int = MOST_RECIPIENTS,
) -> Joined:
    """Return `draft` as it travels, the attachments still unread; see `Draft.to_source`."""
    _check_recipients(draft, for_sending, most_recipients)
    _check_ascii(draft)
    contents = [_content_of(each, opened) for each in draft.attachments]
    _check_size(sum(content.size for content in contents))
    # The standard library's own header writer encodes ids longer than a line, which breaks threads,
    # and puts blanks into names; so it writes the parts only.
    head = "".join(fold(name, value) for name, value in _head(draft, now))
    # Each attachment is a word of chance in what it writes; the content is put there piece by piece.
    words = [f"{number}.{entropy(16).hex()}" for number in range(len(contents))]
    body = _body(draft, words)
    _set_boundaries(body, entropy)
    written = Joined(tuple(_filled(head.encode() + _bytes_of(body), words, contents)))
    if written.size > MOST_WRITTEN:
        raise InvalidRequest(f"The mail has {_megabytes(written.size)} when written; Gmail takes 35.0 MB.")
    return written


def _filled(written: bytes, words: Sequence[str], contents: Sequence[Source]) -> Iterator[Source]:
    """Put the contents in place of the words that stand for them, in the order in which they stand there."""
    found = ((written.index(word.encode()), len(word), content) for word, content in zip(words, contents, strict=True))
    done = 0
    for place, length, content in sorted(found, key=itemgetter(0)):
        yield Content(written[done:place])
        yield Encoded(content)
        done = place + length
    yield Content(written[done:])


def _content_of(attachment: Attachment, opened: Mapping[Place, Source]) -> Source:
    if attachment.content is not None:
        return Content(attachment.content)
    if attachment.place is not None and attachment.place in opened:
        return opened[attachment.place]
    raise InvalidRequest(
        f"The attachment {attachment.name!r} was not opened.", hint="Its content must be read before the mail leaves."
    )


def _check_recipients(draft: Draft, for_sending: bool, most: int) -> None:
    count = len(draft.recipients)
    if for_sending and not count:
        raise InvalidRequest("The mail has no recipient.", hint="Fill in to, cc or bcc.")
    if count > most:
        raise InvalidRequest(
            f"The mail has {count} recipients; {most} are allowed.",
            hint="Send it in several parts; the setting `recipients` is for accounts that may write to more.",
        )


def _check_ascii(draft: Draft) -> None:
    """
    Refuse an address that cannot be written in ASCII.

    Gmail's API takes the bytes of a header for Latin-1, so that the mail would go to somebody else.
    """
    for field in ("from_", "reply_to", "to", "cc", "bcc"):
        held = getattr(draft, field) or ()
        for address in (held,) if isinstance(held, Address) else held:
            if not address.email.rpartition("@")[0].isascii():
                raise InvalidRequest(
                    f"{field}: {address.email!r} cannot be written to by Gmail: what is before the @ is not ASCII.",
                    hint="Ask for an address in plain letters, or write to this one from Gmail's page.",
                )


def _check_size(attached: int) -> None:
    if attached > MOST_ATTACHED:
        raise InvalidRequest(
            f"The attachments have {_megabytes(attached)}; Gmail takes {_megabytes(MOST_ATTACHED)}.",
            hint="Put the file in Drive and send its link.",
        )


def _megabytes(count: int) -> str:
    return f"{count / 1024 / 1024:.1f} MB"


def _head(draft: Draft, now: datetime) -> Iterator[tuple[str, str]]:
    if draft.from_ is not None:
        yield "From", draft.from_.header()
    # Gmail reads the recipients from these, Bcc too, and takes Bcc out of what they receive.
    for name, addresses in (("Reply-To", draft.reply_to), ("To", draft.to), ("Cc", draft.cc), ("Bcc", draft.bcc)):
        if addresses:
            yield name, ", ".join(map(Address.header, addresses))
    if draft.subject:
        yield "Subject", encode_if_needed(draft.subject)
    yield "Date", _date(now)
    if draft.in_reply_to:
        yield "In-Reply-To", draft.in_reply_to
    if draft.references:
        yield "References", " ".join(draft.references)
    for name, value in draft.headers.fields:
        yield name, value.strip() if value.isascii() else encode(value)


def _date(now: datetime) -> str:
    from email.utils import format_datetime

    if now.tzinfo is None:
        raise InvalidRequest("The date of a mail needs a time zone.")
    return format_datetime(now)


def _body(draft: Draft, words: Sequence[str]) -> EmailMessage:
    from email.message import EmailMessage
    from email.policy import SMTP

    body = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    _set_text(body, draft)
    html = _html_part(body, draft)
    shown = [html is not None and _is_shown(each, draft.html or "") for each in draft.attachments]
    if html is not None and any(shown):
        html.make_related()
    if not all(shown):
        body.make_mixed()
    for each, word, inside in zip(draft.attachments, words, shown, strict=True):
        if html is not None and inside:
            _attach(html, each, "inline", word)
        else:
            _attach(body, each, "attachment", word)
    if "MIME-Version" not in body:
        body["MIME-Version"] = "1.0"
    return body


def _is_shown(attachment: Attachment, html: str) -> bool:
    """True for an image that stands in the HTML, and does not hang on the mail as a file."""
    return bool(attachment.content_id) and (attachment.inline or attachment.is_shown_in(html))


def _set_text(body: EmailMessage, draft: Draft) -> None:
    text = draft.text
    if text is None:
        text = _text_of(draft.html)
    body.set_content(text, cte=_transfer_encoding(text))
    if draft.html is not None:
        body.add_alternative(draft.html, subtype="html", cte=_transfer_encoding(draft.html))
    if draft.calendar is not None:
        # Without its method a calendar shows it as a file instead of asking for an answer (RFC 6047 §2.4).
        method = CALENDAR_METHOD.search(draft.calendar)
        params = {"method": method[1].upper()} if method else {}
        cte = _transfer_encoding(draft.calendar)
        body.add_alternative(draft.calendar, subtype="calendar", cte=cte, params=params)


def _html_part(body: EmailMessage, draft: Draft) -> MIMEPart | None:
    """Return the part that images belong to; a mail of text alone has none."""
    if draft.html is None:
        return None
    _, html, *_ = body.iter_parts()
    return html


def _text_of(html: str | None) -> str:
    if html is None:
        return ""
    from .html_text import html_to_text

    return html_to_text(html)


def _transfer_encoding(text: str) -> str | None:
    return "base64" if NEEDS_BASE64.search(text) else None


def _attach(whole: MIMEPart, each: Attachment, disposition: str, word: str) -> None:
    from email.message import MIMEPart
    from email.policy import compat32

    # The older policy writes a head as it is given.
    part: MIMEPart[str, str] = MIMEPart(policy=compat32)
    for name, value in part_head(each, disposition=disposition):
        part[name] = value
    part.set_payload(word)
    whole.attach(part)


def _bytes_of(body: EmailMessage) -> bytes:
    # The heads of parts are folded already; their lines are longer than the library would have them.
    return body.as_bytes(policy=body.policy.clone(max_line_length=LONGEST_WHOLE + 50))


def _set_boundaries(body: EmailMessage, entropy: Callable[[int], bytes]) -> None:
    """The standard library would draw them from a generator of its own; chance is an argument here."""
    for part in body.walk():
        if part.is_multipart():
            part.set_boundary(f"=_{entropy(16).hex()}")
