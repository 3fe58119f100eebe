"""
Aliases: the addresses an account may send as (users.settings.sendAs).

The account's own address is the first of them and always there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from mailgrant.errors import InvalidRequest
from mailgrant.gmail.address import Address
from mailgrant.sandbox.mail import refusals

ACCEPTED = "accepted"
PENDING = "pending"
TEXTS = ("displayName", "replyToAddress", "signature")
# Never shown again once they were given.
WRITE_ONLY = frozenset({"username", "password"})

SILENT_TAG = re.compile(r"<(script|style|iframe|object|embed)\b.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
HANDLER = re.compile(r"\s+on[a-z]+\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>]*)", re.IGNORECASE)
SCRIPT_ADDRESS = re.compile(r"\b(href|src)\s*=\s*([\"']?)\s*javascript:[^\"'>\s]*", re.IGNORECASE)


class Aliases:
    """The send-as addresses of one account. Where a rule is broken it raises what Gmail answers."""

    KEPT: ClassVar[tuple[str, ...]] = ("_by_address",)

    def __init__(self, email: str, name: str) -> None:
        primary: dict[str, Any] = {
            "sendAsEmail": email,
            "displayName": name,
            "replyToAddress": "",
            "signature": "",
            "isPrimary": True,
            "isDefault": True,
        }
        self._by_address = {email.casefold(): primary}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._by_address.values())

    @property
    def default(self) -> dict[str, Any]:
        """The one that a new mail goes out as."""
        return next(alias for alias in self if alias["isDefault"])

    @property
    def primary(self) -> dict[str, Any]:
        """The account's own address."""
        return next(iter(self))

    def find(self, address: str) -> dict[str, Any]:
        """Return the resource of an address; raises the refusal of one that is not there."""
        found = self._by_address.get(address.casefold())
        if found is None:
            raise refusals.not_found()
        return found

    def sendable(self, address: str) -> dict[str, Any] | None:
        """Return the alias that mail from an address may go out as, None if there is none."""
        found = self._by_address.get(address.casefold())
        usable = found is not None and found.get("verificationStatus", ACCEPTED) == ACCEPTED
        return found if usable else None

    def header(self, alias: Mapping[str, Any]) -> str:
        """Return an alias as it stands in From; one without a name is known by the account's."""
        return Address(alias["sendAsEmail"], name=alias["displayName"] or self.primary["displayName"] or None).header()

    def add(self, fields: Mapping[str, Any], status: str) -> dict[str, Any]:
        """Add an address of a SendAs resource."""
        address = checked_address(fields.get("sendAsEmail", ""), "sendAsEmail")
        if address.casefold() in self._by_address:
            raise refusals.already_exists()
        alias: dict[str, Any] = {
            "sendAsEmail": address,
            **dict.fromkeys(TEXTS, ""),
            "isDefault": False,
            "treatAsAlias": fields.get("treatAsAlias", False),
            "verificationStatus": status,
        }
        alias |= _changes(alias, fields)
        self._by_address[address.casefold()] = alias
        self._settle_default(alias, fields)
        return alias

    def change(self, address: str, fields: Mapping[str, Any], *, replace: bool) -> dict[str, Any]:
        """Change an address; with `replace` what is not named goes back to its default."""
        alias = self.find(address)
        given = {**dict.fromkeys(TEXTS, ""), **fields} if replace else fields
        if fields.get("isDefault") is False and alias["isDefault"] and not replace:
            raise refusals.invalid("isDefault can only be set to true")
        changed = _changes(alias, given)
        if replace and "smtpMsa" not in fields:
            alias.pop("smtpMsa", None)
        alias |= changed
        self._settle_default(alias, fields)
        return alias

    def remove(self, address: str) -> None:
        """Remove an address; the account's own stays, and is the default again."""
        alias = self.find(address)
        if alias is self.primary:
            raise refusals.invalid("Cannot delete the primary send-as address")
        del self._by_address[address.casefold()]
        if alias["isDefault"]:
            self.primary["isDefault"] = True

    def confirm(self, address: str) -> bool:
        """Accept an address that waits for it; False if none does."""
        found = self._by_address.get(address.casefold(), {})
        if found.get("verificationStatus") != PENDING:
            return False
        found["verificationStatus"] = ACCEPTED
        return True

    def _settle_default(self, alias: dict[str, Any], fields: Mapping[str, Any]) -> None:
        if fields.get("isDefault"):
            if self.sendable(alias["sendAsEmail"]) is None:
                raise refusals.precondition()
            for other in self:
                other["isDefault"] = other is alias


def checked_address(text: str, field: str) -> str:
    """Return a bare address; raises the refusal of what is none."""
    try:
        return Address.parse(text).email
    except InvalidRequest as error:
        raise refusals.invalid(f"Invalid {field}") from error


def sanitized(markup: str) -> str:
    """Return HTML without what would run in a reader's browser."""
    quiet = HANDLER.sub("", SILENT_TAG.sub("", markup))
    return SCRIPT_ADDRESS.sub(r"\1=\2", quiet)


def _changes(alias: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    changed: dict[str, Any] = {name: fields[name] for name in TEXTS if name in fields}
    if changed.get("displayName"):
        _check_name(alias["sendAsEmail"], changed["displayName"])
    if changed.get("replyToAddress"):
        changed["replyToAddress"] = checked_address(changed["replyToAddress"], "replyToAddress")
    if "signature" in changed:
        changed["signature"] = sanitized(changed["signature"])
    if "isPrimary" in alias:
        return changed
    if "treatAsAlias" in fields:
        changed["treatAsAlias"] = fields["treatAsAlias"]
    if "smtpMsa" in fields:
        changed["smtpMsa"] = _checked_server(fields["smtpMsa"])
    return changed


def _check_name(address: str, name: str) -> None:
    try:
        Address(address, name=name)
    except InvalidRequest as error:
        raise refusals.invalid("Invalid displayName") from error


def _checked_server(server: Mapping[str, Any]) -> dict[str, Any]:
    if not server.get("host") or not 0 < server.get("port", 0) < 65536:
        raise refusals.invalid("Invalid smtpMsa configuration")
    if server.get("securityMode", "securityModeUnspecified") == "securityModeUnspecified":
        raise refusals.invalid("Invalid smtpMsa configuration")
    return {name: value for name, value in server.items() if name not in WRITE_ONLY}
