"""
Service accounts: accounts of programs, the keys that prove them, and what administrators let them do.

The default one is a constant of the package but for its key, which every sandbox makes anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar
from urllib.parse import quote

from mailgrant.sandbox.frame.discovery import CALENDAR, GMAIL, document
from mailgrant.sandbox.oauth.clients import CERTS_URI, DEFAULT_PROJECT, GOOGLE_AUTH_URI, GOOGLE_TOKEN_URI, ClientState
from mailgrant.sandbox.oauth.keys import SigningKey
from mailgrant.sandbox.oauth.scopes import IDENTITY

DOMAIN = "iam.gserviceaccount.com"
CERTIFICATES = "/robot/v1/metadata/x509/"
DEFAULT_NAME = "mailgrant"
DEFAULT_CLIENT_ID = "104857600000000000017"


class AccountState(Enum):
    """Whether Google still knows a service account."""

    LIVE = "live"
    DISABLED = "disabled"
    DELETED = "deleted"


@dataclass(slots=True)
class ServiceAccount:
    """
    One service account.

    `client_id` is the number that administrators enter for domain-wide delegation, and `delegated` the
    scopes they allow it, None for no entry at all. `key_live` is false once its key was deleted.
    """

    email: str
    client_id: str = field(kw_only=True)
    project: str = field(kw_only=True)
    key: SigningKey = field(kw_only=True, repr=False)
    delegated: frozenset[str] | None = field(kw_only=True, default=None)
    state: AccountState = field(kw_only=True, default=AccountState.LIVE)
    client_state: ClientState = field(kw_only=True, default=ClientState.LIVE)
    key_live: bool = field(kw_only=True, default=True)

    @property
    def id(self) -> str:
        """The id of the client that its tokens belong to."""
        return self.client_id

    def file(self, token_uri: str = GOOGLE_TOKEN_URI) -> dict[str, Any]:
        """Return the key as the console's download."""
        return {
            "type": "service_account",
            "project_id": f"sandbox-{self.project}",
            "private_key_id": self.key.pair().kid,
            "private_key": self.key.as_private_pem(),
            "client_email": self.email,
            "client_id": self.client_id,
            "auth_uri": GOOGLE_AUTH_URI,
            "token_uri": token_uri,
            "auth_provider_x509_cert_url": CERTS_URI,
            "client_x509_cert_url": f"https://www.googleapis.com{CERTIFICATES}{quote(self.email, safe='')}",
            "universe_domain": "googleapis.com",
        }


class ServiceAccounts:
    """The service accounts of one sandbox, by address; `key` is the default one's."""

    KEPT: ClassVar[tuple[str, ...]] = ("_by_email",)

    def __init__(self, key: SigningKey) -> None:
        self._by_email: dict[str, ServiceAccount] = {}
        self.add(
            address(DEFAULT_NAME, DEFAULT_PROJECT),
            client_id=DEFAULT_CLIENT_ID,
            project=DEFAULT_PROJECT,
            delegated=all_scopes(),
            key=key,
        )

    @property
    def default(self) -> ServiceAccount:
        """The one that is always there."""
        return self._by_email[address(DEFAULT_NAME, DEFAULT_PROJECT)]

    def add(
        self,
        email: str,
        *,
        client_id: str,
        project: str,
        delegated: frozenset[str] | None = None,
        key: SigningKey | None = None,
    ) -> ServiceAccount:
        """Add an account; raises ValueError if the address is taken."""
        if email in self._by_email:
            raise ValueError(f"there is a service account {email} already")
        made = ServiceAccount(
            email, client_id=client_id, project=project, delegated=delegated, key=key or SigningKey(email)
        )
        self._by_email[email] = made
        return made

    def find(self, email: str) -> ServiceAccount | None:
        """Return the account of that address, None if there is none or it was deleted."""
        found = self._by_email.get(email)
        return None if found is None or found.state is AccountState.DELETED else found

    def of_client(self, client_id: str) -> ServiceAccount | None:
        """Return the account of a client id, None if there is none."""
        return next((account for account in self if account.client_id == client_id), None)

    def __iter__(self) -> Iterator[ServiceAccount]:
        return iter(self._by_email.values())


def address(name: str, project: str) -> str:
    """Return the address of the service account of that name in a project."""
    return f"{name}@sandbox-{project}.{DOMAIN}"


def all_scopes() -> frozenset[str]:
    """Return every scope that an administrator can allow."""
    of_apis = (document(api)["auth"]["oauth2"]["scopes"] for api in (GMAIL, CALENDAR))
    return IDENTITY.union(*of_apis)
