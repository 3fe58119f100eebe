"""Labels: those every mailbox has, those its owner makes, and the rules for their names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar

from mailgrant.sandbox.frame.discovery import GMAIL, document
from mailgrant.sandbox.ids import Ids
from mailgrant.sandbox.mail import refusals

# The order in which labels.list gives them.
SYSTEM = (
    "CHAT", "SENT", "INBOX", "IMPORTANT", "TRASH", "DRAFT", "SPAM", "CATEGORY_FORUMS", "CATEGORY_UPDATES",
    "CATEGORY_PERSONAL", "CATEGORY_PROMOTIONS", "CATEGORY_SOCIAL", "STARRED", "UNREAD",
)  # fmt: skip
# Gmail alone puts these on a message and takes them off.
READ_ONLY = frozenset({"SENT", "DRAFT", "CHAT"})
HIDDEN = frozenset({"CHAT", *(name for name in SYSTEM if name.startswith("CATEGORY_"))})

MOST_LABELS = 10_000
LONGEST_NAME = 225
# Gmail keeps its own names in every language it speaks; these are some of the most common.
RESERVED = frozenset({
    "all", "archive", "bin", "borradores", "brouillons", "chat", "chats", "concepten", "corbeille", "draft",
    "drafts", "entrada", "entwürfe", "enviado", "enviados", "envoyés", "gesendet", "important", "inbox", "migrated",
    "muted", "ongelezen", "papelera", "papierkorb", "posteingang", "prullenbak", "scheduled", "sent", "snoozed",
    "spam", "starred", "trash", "unread", "verzonden",
})  # fmt: skip
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
COLOR = re.compile(r"#[0-9a-f]{6}")
SEPARATORS = str.maketrans({" ": "-", "/": "-", "_": "-"})


@dataclass(slots=True)
class UserLabel:
    """A label its owner made; a slash in its name nests it, by name only."""

    id: str
    name: str = field(kw_only=True)
    in_label_list: str = field(kw_only=True, default="labelShow")
    in_message_list: str = field(kw_only=True, default="show")
    color: dict[str, str] | None = field(kw_only=True, default=None)


class LabelBook:
    """The labels of one mailbox. Where a rule is broken it raises what Gmail answers."""

    KEPT: ClassVar[tuple[str, ...]] = ("_user",)

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._user: dict[str, UserLabel] = {}

    @property
    def user_ids(self) -> list[str]:
        """The ids of the owner's own labels."""
        return list(self._user)

    def __contains__(self, label_id: str) -> bool:
        return label_id in SYSTEM or label_id in self._user

    def __iter__(self) -> Iterator[str]:
        yield from SYSTEM
        yield from self._user

    def named(self, name: str) -> list[str]:
        """Return the ids of the labels that a search may mean by a name: case, blanks and slashes count little."""
        wanted = _searchable(name)
        return [label_id for label_id in self if _searchable(self._name(label_id)) == wanted]

    def id_for(self, id_or_name: str) -> str:
        """Return the label of that id or name, made if there is none."""
        if id_or_name in self:
            return id_or_name
        found = [label.id for label in self._user.values() if label.name.casefold() == id_or_name.casefold()]
        return found[0] if found else self.create({"name": id_or_name}).id

    def create(self, fields: Mapping[str, Any]) -> UserLabel:
        """Make a label of a Label resource."""
        name = self._checked_name(fields.get("name", ""), None)
        if len(self._user) >= MOST_LABELS:
            raise refusals.invalid(f"Number of labels cannot exceed {MOST_LABELS}")
        label = UserLabel(f"Label_{self._ids.number('label')}", name=name)
        _apply(label, fields)
        self._user[label.id] = label
        return label

    def change(self, label_id: str, fields: Mapping[str, Any], *, replace: bool) -> UserLabel:
        """Change a label; with `replace` what is not named goes back to its default."""
        label = self._changeable(label_id, "update")
        name = label.name
        if replace or "name" in fields:
            name = self._checked_name(fields.get("name", ""), label_id)
        changed = UserLabel(label_id, name=name)
        if not replace:
            changed.in_label_list, changed.in_message_list = label.in_label_list, label.in_message_list
            changed.color = label.color
        _apply(changed, fields)
        self._user[label_id] = changed
        return changed

    def delete(self, label_id: str) -> None:
        """Remove a label; the messages that have it are the mailbox's to tell."""
        self._changeable(label_id, "delete")
        del self._user[label_id]

    def resource(self, label_id: str) -> dict[str, Any]:
        """Return Google's Label JSON, without counts; raises the refusal of an unknown id."""
        if label_id in SYSTEM:
            bare = {"id": label_id, "name": label_id, "type": "system"}
            hidden = {"messageListVisibility": "hide", "labelListVisibility": "labelHide"}
            return bare | hidden if label_id in HIDDEN else bare
        label = self._user.get(label_id)
        if label is None:
            raise refusals.not_found()
        resource: dict[str, Any] = {
            "id": label.id,
            "name": label.name,
            "messageListVisibility": label.in_message_list,
            "labelListVisibility": label.in_label_list,
            "type": "user",
        }
        return resource | ({"color": label.color} if label.color else {})

    def check_known(self, label_ids: list[str]) -> None:
        """Raise the refusal of the first id that is no label."""
        for label_id in label_ids:
            if label_id not in self:
                raise refusals.invalid_label(label_id)

    def check_changeable(self, label_ids: list[str]) -> None:
        """Raise the refusal of the first label that a program may not put on or take off."""
        for label_id in label_ids:
            if label_id not in self or label_id in READ_ONLY:
                raise refusals.invalid_label(label_id)

    def _name(self, label_id: str) -> str:
        return self._user[label_id].name if label_id in self._user else label_id

    def _changeable(self, label_id: str, verb: str) -> UserLabel:
        if label_id in SYSTEM:
            raise refusals.invalid(f"Invalid {verb} request")
        if label_id not in self._user:
            raise refusals.not_found()
        return self._user[label_id]

    def _checked_name(self, name: str, own_id: str | None) -> str:
        name = name.strip(" ")
        if not name or len(name) > LONGEST_NAME or CONTROL.search(name) or not all(name.split("/")):
            raise refusals.invalid_label_name()
        if name.casefold() in RESERVED or name.upper() in SYSTEM:
            raise refusals.invalid_label_name()
        taken = (label for label in self._user.values() if label.name.casefold() == name.casefold())
        if any(label.id != own_id for label in taken):
            raise refusals.label_exists()
        return name


def _apply(label: UserLabel, fields: Mapping[str, Any]) -> None:
    label.in_label_list = fields.get("labelListVisibility", label.in_label_list)
    label.in_message_list = fields.get("messageListVisibility", label.in_message_list)
    if "color" in fields:
        label.color = _checked_color(fields["color"])


def _checked_color(color: Mapping[str, str]) -> dict[str, str]:
    chosen = {name: color.get(name, "") for name in ("textColor", "backgroundColor")}
    for value in chosen.values():
        if value.lower() not in palette():
            raise refusals.invalid(f"Label color {value} is not on the allowed color palette")
    return chosen


@cache
def palette() -> frozenset[str]:
    """Return the colours a label may have, which Google lists in its discovery document."""
    properties = document(GMAIL)["schemas"]["LabelColor"]["properties"]
    return frozenset(COLOR.findall(properties["backgroundColor"]["description"].lower()))


def _searchable(name: str) -> str:
    return name.casefold().translate(SEPARATORS)
