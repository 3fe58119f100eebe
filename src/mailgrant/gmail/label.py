"""Label, and the labels Gmail keeps for itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from enum import Enum, StrEnum
from typing import Any


class SystemLabel(StrEnum):
    """
    The labels every mailbox has; each one's id is its name.

    A member is the string itself, so `SystemLabel.UNREAD in message.label_ids` and
    `"UNREAD" in message.label_ids` say the same.
    """

    INBOX = "INBOX"
    UNREAD = "UNREAD"
    STARRED = "STARRED"
    IMPORTANT = "IMPORTANT"
    SENT = "SENT"
    DRAFT = "DRAFT"
    SPAM = "SPAM"
    TRASH = "TRASH"
    CHAT = "CHAT"
    CATEGORY_PERSONAL = "CATEGORY_PERSONAL"
    CATEGORY_SOCIAL = "CATEGORY_SOCIAL"
    CATEGORY_PROMOTIONS = "CATEGORY_PROMOTIONS"
    CATEGORY_UPDATES = "CATEGORY_UPDATES"
    CATEGORY_FORUMS = "CATEGORY_FORUMS"

    @property
    def changeable(self) -> bool:
        """True when a program may put it on a message and take it off (users.messages.modify)."""
        return self not in {SystemLabel.SENT, SystemLabel.DRAFT, SystemLabel.CHAT}


class LabelKind(Enum):
    """Whose label it is: Gmail's own, or the account's."""

    SYSTEM = "system"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Label:
    """
    A label as Gmail has it; `/` in a user's label nests by name only.

    `id` is None until Gmail holds the label. The counts are None unless this one label was asked
    for: Gmail leaves them out of the list (users.labels.list).
    """

    name: str
    _: KW_ONLY
    id: str | None = None
    kind: LabelKind = LabelKind.USER
    messages_total: int | None = None
    messages_unread: int | None = None
    threads_total: int | None = None
    threads_unread: int | None = None

    @property
    def is_user(self) -> bool:
        """True for a label the account made, False for one of Gmail's own."""
        return self.kind is LabelKind.USER

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Label:
        """Read Google's Label resource; what is missing there is None here."""
        label_id = value.get("id")
        label_id = label_id if isinstance(label_id, str) else None
        name = value.get("name")
        return cls(
            name if isinstance(name, str) else label_id or "",
            id=label_id,
            kind=_kind(label_id, value.get("type")),
            messages_total=_count(value.get("messagesTotal")),
            messages_unread=_count(value.get("messagesUnread")),
            threads_total=_count(value.get("threadsTotal")),
            threads_unread=_count(value.get("threadsUnread")),
        )


def _kind(label_id: str | None, type_: object) -> LabelKind:
    # Some accounts have further labels of Gmail's (YELLOW_STAR), so the type decides before the id.
    if type_ == "system":
        return LabelKind.SYSTEM
    if type_ is None and label_id in SystemLabel.__members__:
        return LabelKind.SYSTEM
    return LabelKind.USER


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
