"""Answering: whom the answer to a mail goes to, and which mails it names as those before it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from .address import Address, Addresses
from .label import SystemLabel

if TYPE_CHECKING:
    from .headers import Headers
    from .message import Message

# Google takes dots in these for nothing.
DOTLESS = frozenset({"gmail.com", "googlemail.com"})

Recipients: TypeAlias = tuple[tuple[Address, ...], tuple[Address, ...]]


def answered(message: Message, *, everybody: bool, me: Addresses | None) -> Recipients:
    """Return To and Cc of an answer; see `Message.reply`."""
    own = {mailbox_of(address) for address in addresses_in(message.headers, "Delivered-To")}
    own |= {mailbox_of(address) for address in Address.parse_list(me or (), field="me")}
    sender = () if message.from_ is None else (message.from_,)
    sent = SystemLabel.SENT in message.label_ids or any(mailbox_of(address) in own for address in sender)
    if sent:
        own |= {mailbox_of(address) for address in sender}
    # A note to oneself is answered to oneself.
    to = _without(message.to if sent else message.reply_to, own) or sender
    if not everybody:
        return _without(to, ()), ()
    wished = _without(addresses_in(message.headers, "Mail-Followup-To"), own)
    if wished:
        return wished, ()
    others = message.cc if sent else message.to + message.cc
    addressed = {address.mailbox for address in to}
    return _without(to, ()), _without((each for each in others if each.mailbox not in addressed), own)


def lineage(message: Message) -> tuple[str, ...]:
    """Return what an answer's References say: the mail's own and then the mail (RFC 5322 §3.6.4)."""
    earlier = message.references or ((message.in_reply_to,) if message.in_reply_to else ())
    return earlier + ((message.message_id,) if message.message_id else ())


def addresses_in(headers: Headers, name: str) -> tuple[Address, ...]:
    """Return the addresses of every header field called `name`."""
    values = headers.all(name)
    # Most mail has only two of the five that are looked for.
    return tuple(found for value in values for found in Address.parse_received(value)) if values else ()


def mailbox_of(address: Address) -> str:
    """Return the mailbox at Google that the address leads to: what is behind a plus is a note of its owner's."""
    local, _, domain = address.mailbox.rpartition("@")
    local = local.partition("+")[0] or local
    return f"{local.replace('.', '') if domain in DOTLESS else local}@{domain}"


def _without(addresses: Iterable[Address], mailboxes: Collection[str]) -> tuple[Address, ...]:
    """Leave out these mailboxes, and every address that is there already."""

    def kept() -> Iterator[Address]:
        seen = set[str]()
        for address in addresses:
            if mailbox_of(address) not in mailboxes and address.mailbox not in seen:
                seen.add(address.mailbox)
                yield address

    return tuple(kept())
