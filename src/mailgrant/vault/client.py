"""KnownClient: an OAuth client as the vault keeps it, with what is known about it besides its secret."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from mailgrant.oauth.client_secrets import ClientSecrets


@dataclass(frozen=True, slots=True)
class Trouble:
    """
    Why Google does not accept a client, since when, and when somebody last tried.

    While it lasts every grant of the client pauses; one asker at a time tries whether it is over.
    """

    reason: str
    since: datetime = field(kw_only=True)
    tried_at: datetime = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class KnownClient:
    """
    A client in the vault.

    `testing` says that its project's publishing status is Testing, where grants end after seven
    days. `version` counts the writes: 0 is a client that is not in the vault yet.
    """

    secrets: ClientSecrets
    testing: bool = field(kw_only=True, default=False)
    trouble: Trouble | None = field(kw_only=True, default=None)
    version: int = field(kw_only=True, default=0)

    @property
    def client_id(self) -> str:
        """Its name at Google."""
        return self.secrets.client_id
