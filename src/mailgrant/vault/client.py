"""KnownClient: a client as the vault keeps it, with what is known about it besides its secret."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from mailgrant.oauth.client_secrets import ClientSecrets
from mailgrant.oauth.service_account import ServiceAccountKey


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
    A client in the vault: an OAuth client, which asks people, or a service account, which an
    administrator lets act for them.

    `folds` is False once Google has left out of a token what was granted before. `testing` says that
    its project's publishing status is Testing, where grants end after seven days. `version` counts the
    writes: 0 is a client that is not in the vault yet.
    """

    secrets: ClientSecrets | ServiceAccountKey
    testing: bool = field(kw_only=True, default=False)
    folds: bool = field(kw_only=True, default=True)
    trouble: Trouble | None = field(kw_only=True, default=None)
    version: int = field(kw_only=True, default=0)

    @property
    def client_id(self) -> str:
        """Its name at Google."""
        return self.secrets.client_id

    @property
    def kind(self) -> str:
        """What it is: "installed", "web" or "service account"."""
        return self.secrets.kind.value if isinstance(self.secrets, ClientSecrets) else "service account"

    @property
    def project_id(self) -> str | None:
        """The project in Google's console that it belongs to, where its file said so."""
        return self.secrets.project_id

    @property
    def redirect_uris(self) -> tuple[str, ...]:
        """Where it may be answered; a service account nowhere."""
        return self.secrets.redirect_uris if isinstance(self.secrets, ClientSecrets) else ()
