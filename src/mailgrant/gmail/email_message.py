"""A received mail as the standard library's EmailMessage, for programs that know that."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING

from .address import Address
from .draft import HEADER_NAME
from .header_text import encode

if TYPE_CHECKING:
    from .attachment import Attachment
    from .message import Message

OF_PEOPLE = frozenset({"from", "to", "cc", "bcc", "reply-to", "sender"})


def email_of(message: Message) -> EmailMessage:
    """Return `message` as an EmailMessage; what describes the parts is written anew, because they are decoded."""
    # Written as they are: parsing a damaged header again, in order to fold it, raises in the library.
    email = EmailMessage(policy=SMTP.clone(refold_source="none"))
    for name, value in message.headers.fields:
        if HEADER_NAME.fullmatch(name) and not name.lower().startswith("content-") and name.lower() != "mime-version":
            # As it stands: the library refuses what mail has all the same, such as two subjects.
            email.set_raw(name, written(name, readable(value)))
    email.set_content(readable(message.text))
    if message.html is not None:
        email.add_alternative(readable(message.html), subtype="html")
    for each in message.attachments:
        _attach(email, each)
    return email


def written(name: str, value: str) -> str:
    """Return the value of a header in ASCII; a name is encoded, the address beside it is not."""
    if value.isascii():
        return value
    people = Address.parse_received(value) if name.lower() in OF_PEOPLE else ()
    addresses = ", ".join(map(Address.header, people))
    # An address may have letters before its @ that no header in ASCII can say.
    return addresses if addresses.isascii() and people else encode(value)


def readable(text: str) -> str:
    """Return a text that can be encoded; half a surrogate pair becomes a question mark."""
    return text.encode("utf-8", "replace").decode()


def _attach(email: EmailMessage, attachment: Attachment) -> None:
    maintype, _, subtype = attachment.content_type.partition("/")
    if maintype in ("message", "multipart"):
        maintype, subtype = "application", "octet-stream"
    email.add_attachment(
        attachment.content or b"",
        maintype=maintype,
        subtype=subtype,
        disposition="inline" if attachment.inline else "attachment",
        filename=readable(attachment.name) or None,
        cid=f"<{attachment.content_id}>" if attachment.content_id else None,
    )
