"""Conversations that take a mail out of the mailbox as it stands, and put one in without sending it."""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum

from mailgrant.http import Call, Request, with_query

from .message import MessageRef
from .payload import decode_base64, text_of
from .resource import address, json_of
from .source import Source
from .upload import carry


class Scanning(Enum):
    """How a mail gets in: put there as it is (`insert`), or as if it had just arrived (`import`)."""

    NONE = "insert"
    AS_ARRIVED = "import"


def raw(message_id: str) -> Call[bytes]:
    """Ask for a whole mail as it stands, RFC 5322 bytes: what a file `.eml` holds."""
    url = with_query(address("messages", message_id), {"format": "raw"})
    response = yield Request.get(url, operation="gmail.users.messages.get")
    return decode_base64(text_of(json_of(response), "raw"))


def store(raw: bytes | Source, *, scanning: Scanning, label_ids: Collection[str] = ()) -> Call[MessageRef]:
    """
    Put a mail into the mailbox; nobody is sent anything.

    Its date is the one in its own head (`internalDateSource=dateHeader`), so that an archive keeps
    its order.
    """
    path = "messages/import" if scanning is Scanning.AS_ARRIVED else "messages"
    response = yield from carry(
        "POST",
        path,
        raw,
        label_ids=label_ids,
        operation=f"gmail.users.messages.{scanning.value}",
        parameters={"internalDateSource": "dateHeader"},
    )
    value = json_of(response)
    return MessageRef(text_of(value, "id"), thread_id=text_of(value, "threadId") or None)
