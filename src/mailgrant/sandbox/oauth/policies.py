"""
Policies: what the administrator of a domain forbids, and the owner of a project switches off.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

REAUTH_WORDS = ("invalid_rapt", "rapt_required")


@dataclass(frozen=True, slots=True)
class Policy:
    """
    One domain's rules.

    Clients and scopes that nobody there may use, APIs switched off, after how long people have to sign in
    again (None: never), and which of Google's two words then says so.
    """

    blocked_clients: frozenset[str] = field(kw_only=True, default=frozenset())
    blocked_scopes: frozenset[str] = field(kw_only=True, default=frozenset())
    disabled_apis: frozenset[str] = field(kw_only=True, default=frozenset())
    session: timedelta | None = field(kw_only=True, default=None)
    reauth: str = field(kw_only=True, default="invalid_rapt")

    def __post_init__(self) -> None:
        if self.reauth not in REAUTH_WORDS:
            raise ValueError(f"reauth is one of {', '.join(REAUTH_WORDS)}, not {self.reauth!r}")


class Policies:
    """The rules of every domain, and the APIs that projects have not switched on."""

    KEPT: ClassVar[tuple[str, ...]] = ("_by_domain", "_disabled")

    def __init__(self) -> None:
        self._by_domain: dict[str, Policy] = {}
        self._disabled: dict[str, frozenset[str]] = {}

    def set(self, domain: str, policy: Policy) -> None:
        """Give a domain its rules; they take the place of those it had."""
        self._by_domain[domain.casefold()] = policy

    def disable(self, project: str, apis: frozenset[str]) -> None:
        """Say which APIs a project has not switched on."""
        self._disabled[project] = apis

    def of(self, email: str) -> Policy:
        """Return the rules that a person lives under."""
        return self._by_domain.get(email.rpartition("@")[2].casefold(), UNRULED)

    def complaint(self, client_id: str, email: str, scopes: frozenset[str]) -> str | None:
        """Return why a person's administrator keeps a client from these scopes, None if nobody does."""
        policy = self.of(email)
        if client_id not in policy.blocked_clients and not scopes & policy.blocked_scopes:
            return None
        return (
            "The user is unable to authorize one or more scopes requested due to the policies of their "
            "Google Workspace administrator."
        )

    def allows_apps(self, api: str, email: str) -> bool:
        """True unless a person's administrator has switched an API off."""
        return not self._by_domain or api not in self.of(email).disabled_apis

    def is_enabled(self, api: str, project: str) -> bool:
        """True unless a project has not switched an API on."""
        return not self._disabled or api not in self._disabled.get(project, ())


UNRULED = Policy()
