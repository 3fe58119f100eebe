"""
Sharing: who may do what with a calendar (an access control list), and in which words Google says it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any

from mailgrant.sandbox.diary import refusals


class Role(IntEnum):
    """What a person may do with a calendar; each includes those before it."""

    NONE = 0
    FREE_BUSY_READER = 1
    READER = 2
    WRITER_WITHOUT_PRIVATE_ACCESS = 3
    WRITER = 4
    OWNER = 5

    @property
    def google(self) -> str:
        """Google's name for it."""
        return ROLE_NAMES[self]


ROLE_NAMES = {
    Role.NONE: "none",
    Role.FREE_BUSY_READER: "freeBusyReader",
    Role.READER: "reader",
    Role.WRITER_WITHOUT_PRIVATE_ACCESS: "writerWithoutPrivateAccess",
    Role.WRITER: "writer",
    Role.OWNER: "owner",
}
ROLES = {name: role for role, name in ROLE_NAMES.items()}
SCOPE_TYPES = frozenset({"default", "user", "group", "domain"})


@dataclass(slots=True)
class AclRule:
    """One rule: a scope (`user:ada@example.com`, `domain:example.com`, `default`) and its role."""

    scope_type: str
    value: str = ""
    role: Role = field(kw_only=True)
    updated: datetime = field(kw_only=True)
    change: int = field(kw_only=True, default=0)

    @property
    def id(self) -> str:
        """The rule's id, which is its scope."""
        return f"{self.scope_type}:{self.value}" if self.value else self.scope_type

    @property
    def etag(self) -> str:
        """The entity tag."""
        return f'"{int(self.updated.timestamp() * 1000 + 0.5) * 1000:020d}"'

    def covers(self, email: str) -> bool:
        """Return whether the rule is about that person."""
        if self.scope_type == "default":
            return True
        named = email if self.scope_type == "user" else email.partition("@")[2]
        return self.scope_type in {"user", "domain"} and named.casefold() == self.value.casefold()

    def as_json(self) -> dict[str, Any]:
        """Return Google's AclRule."""
        scope = {"type": self.scope_type} | ({"value": self.value} if self.value else {})
        return {
            "kind": "calendar#aclRule",
            "etag": self.etag,
            "id": self.id,
            "scope": scope,
            "role": self.role.google,
        }


def read_role(body: dict[str, Any]) -> Role:
    """Read the `role` of an AclRule."""
    name = body.get("role")
    if name is None:
        raise refusals.required("Missing role.")
    if name not in ROLES:
        raise refusals.invalid("Invalid role.")
    return ROLES[name]


def read_scope(body: dict[str, Any]) -> tuple[str, str]:
    """Read the `scope` of an AclRule: its type and its value, empty for the public."""
    scope = body.get("scope")
    if not scope:
        raise refusals.required("Missing scope.")
    kind, value = scope.get("type") or "default", scope.get("value") or ""
    if kind not in SCOPE_TYPES or bool(value) == (kind == "default"):
        raise refusals.invalid("Invalid scope.")
    if kind in {"user", "group"} and "@" not in value:
        raise refusals.invalid("Invalid scope value.")
    return kind, value
