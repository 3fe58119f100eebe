"""
Settings: what the owner of a mailbox has set in Gmail, in the shapes in which the API shows it.

Filters and send-as addresses have modules of their own; what the settings do to a mail is `arrival.py`'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from mailgrant.sandbox.mail.aliases import ACCEPTED, PENDING, Aliases
from mailgrant.sandbox.mail.filters import FilterBook


@dataclass(slots=True)
class ForwardingAddresses:
    """The addresses to which mail may be forwarded, each with its verification status."""

    _by_address: dict[str, dict[str, str]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[dict[str, str]]:
        return iter(self._by_address.values())

    def add(self, address: str, status: str) -> dict[str, str]:
        """Add an address and return its resource."""
        resource = {"forwardingEmail": address, "verificationStatus": status}
        self._by_address[address.casefold()] = resource
        return resource

    def find(self, address: str) -> dict[str, str] | None:
        """Return the resource of an address, None if it is not there."""
        return self._by_address.get(address.casefold())

    def remove(self, address: str) -> None:
        """Forget an address that is there."""
        del self._by_address[address.casefold()]

    def accepts(self, address: str) -> bool:
        """Say whether mail may be forwarded to an address."""
        found = self.find(address)
        return found is not None and found["verificationStatus"] == ACCEPTED

    def confirm(self, address: str) -> bool:
        """Accept an address that waits for it; False if none does."""
        found = self.find(address)
        if found is None or found["verificationStatus"] != PENDING:
            return False
        found["verificationStatus"] = ACCEPTED
        return True


@dataclass(slots=True)
class MailSettings:
    """
    Everything set in one mailbox.

    `answered` says when the vacation responder last wrote to whom; a change of the responder empties it.
    """

    KEPT: ClassVar[tuple[str, ...]] = (
        "aliases", "filters", "forwarding", "delegates", "answered", "auto_forwarding", "imap", "pop", "language",
        "vacation",
    )  # fmt: skip

    aliases: Aliases
    filters: FilterBook = field(default_factory=FilterBook)
    forwarding: ForwardingAddresses = field(default_factory=ForwardingAddresses)
    delegates: dict[str, dict[str, str]] = field(default_factory=dict)
    answered: dict[str, datetime] = field(default_factory=dict)
    auto_forwarding: dict[str, Any] = field(default_factory=lambda: {"enabled": False})
    imap: dict[str, Any] = field(
        default_factory=lambda: {
            "enabled": True,
            "autoExpunge": True,
            "expungeBehavior": "archive",
            "maxFolderSize": 0,
        }
    )
    pop: dict[str, Any] = field(
        default_factory=lambda: {"accessWindow": "disabled", "disposition": "leaveInInbox"},
    )
    language: dict[str, Any] = field(default_factory=lambda: {"displayLanguage": "en"})
    vacation: dict[str, Any] = field(
        default_factory=lambda: {"enableAutoReply": False, "restrictToContacts": False, "restrictToDomain": False}
    )

    def confirm(self, address: str) -> bool:
        """Accept an address that its owner was asked about; False if nobody was."""
        confirmed = [self.aliases.confirm(address), self.forwarding.confirm(address)]
        return any(confirmed)

    def forget_forwarding(self, address: str) -> None:
        """Remove a forwarding address; what forwards to it forwards no more."""
        self.forwarding.remove(address)
        if self.auto_forwarding.get("emailAddress", "").casefold() == address.casefold():
            self.auto_forwarding = {"enabled": False}
