"""Change: what happened to a message, as a history record tells it; Watch: being told of it by push."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from .payload import label_ids_of, object_of, objects_of, text_of


class Happening(Enum):
    """What happened to a message; the values are the names of Google's `historyTypes`."""

    ADDED = "messageAdded"
    DELETED = "messageDeleted"
    LABELLED = "labelAdded"
    UNLABELLED = "labelRemoved"


# The lists of a history record, one for each happening.
LISTS = {
    Happening.ADDED: "messagesAdded",
    Happening.DELETED: "messagesDeleted",
    Happening.LABELLED: "labelsAdded",
    Happening.UNLABELLED: "labelsRemoved",
}


RENEWED_BEFORE = timedelta(days=6)


@dataclass(frozen=True, slots=True)
class Change:
    """
    One thing that happened to one message.

    `labels` are the ids of the labels put on or taken off, or those of a message that was added. A
    message moved to the trash is LABELLED `TRASH`; DELETED is for ever. An ADDED message may be gone by
    the time it is read.
    """

    happening: Happening
    message_id: str = field(kw_only=True)
    thread_id: str | None = field(kw_only=True, default=None)
    labels: frozenset[str] = field(kw_only=True, default=frozenset())


@dataclass(frozen=True, slots=True)
class Watch:
    """
    A subscription to a mailbox: what happens after `cursor` is published until `expires_at`.

    Google ends it after seven days and asks to renew it daily, by watching again: at `renew_at`.
    """

    cursor: str
    expires_at: datetime

    @property
    def renew_at(self) -> datetime:
        """When to watch again: six days before it ends, which is a day after it began."""
        return self.expires_at - RENEWED_BEFORE


def changes_in(record: Mapping[str, Any]) -> Iterator[Change]:
    """Read one history record, which may tell of several things at once."""
    for happening, name in LISTS.items():
        for each in objects_of(record, name):
            message = object_of(each, "message")
            touched = each if happening in (Happening.LABELLED, Happening.UNLABELLED) else message
            yield Change(
                happening,
                message_id=text_of(message, "id"),
                thread_id=text_of(message, "threadId") or None,
                labels=label_ids_of(touched),
            )
