"""
Console: what happens to clients and service accounts behind a program's back.

Developers do some of it in the Cloud console, administrators some in theirs; a sandbox's control API
does all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from mailgrant.sandbox import entropy
from mailgrant.sandbox.control.faults import duration
from mailgrant.sandbox.control.fields import (
    ControlError,
    Field,
    Work,
    json_answer,
    present_fields,
    read_fields,
    required_text,
    text,
    text_or_texts,
    texts,
    truth,
)
from mailgrant.sandbox.frame.discovery import CALENDAR, GMAIL
from mailgrant.sandbox.frame.wire import Answer, HttpRequest
from mailgrant.sandbox.oauth.clients import DEFAULT_PROJECT, ClientKind, ClientState, OAuthClient, Publishing
from mailgrant.sandbox.oauth.policies import Policy
from mailgrant.sandbox.oauth.scopes import known_scopes
from mailgrant.sandbox.oauth.service_accounts import AccountState, ServiceAccount, address

if TYPE_CHECKING:
    from mailgrant.sandbox.sandbox import Sandbox

Deed: TypeAlias = "Callable[[HttpRequest, Mapping[str, str]], dict[str, Any]]"

SERVICE_ACCOUNT = {"name": required_text(), "project": text(DEFAULT_PROJECT), "scopes": text_or_texts()}
SERVICE_ACCOUNT_CHANGE = {"state": text(), "client_state": text(), "key_live": truth(default=True)}
CLIENT = {
    "type": required_text(),
    "redirect_uris": texts(),
    "publishing_status": text("production"),
    "verified": truth(default=True),
    "secret": text(),
    "project": text(),
    "client_id": text(),
    "name": text("Mailgrant test"),
}
CLIENT_CHANGE = {"state": text(), "publishing_status": text(), "verified": truth(default=True), "name": text()}
DELEGATION = {"client_id": required_text(), "scopes": text_or_texts(required=True)}
POLICY = {
    "domain": required_text(),
    **{name: texts() for name in ("blocked_clients", "blocked_scopes", "disabled_apis")},
    "session": Field((str,), "a duration such as 8h"),
    "reauth": text("invalid_rapt"),
}


class Console:
    """The part of one sandbox's control API that plays developers and administrators."""

    def __init__(self, world: Sandbox) -> None:
        self._world = world

    @property
    def table(self) -> dict[tuple[str, str], Work]:
        """What is done by which verb and path."""
        changes: dict[str, Deed] = {
            "service_accounts/{email}": self._change_service_account,
            "clients/{client_id}": self._change_client,
            "delegations": self._delegate,
            "policies": self._set_policy,
            "projects/{project}": self._set_project,
        }
        return {
            ("POST", "service_accounts"): partial(_told, self._add_service_account, 201),
            ("GET", "service_accounts"): partial(_told, self._list, 200),
            ("POST", "clients"): partial(_told, self._add_client, 201),
            **{("POST", path): partial(_told, deed, 200) for path, deed in changes.items()},
        }

    def _list(self, _: HttpRequest, __: Mapping[str, str]) -> dict[str, Any]:
        return {"service_accounts": [_service_account(account) for account in self._world.service_accounts]}

    def _add_service_account(self, request: HttpRequest, _: Mapping[str, str]) -> dict[str, Any]:
        fields = read_fields(request, SERVICE_ACCOUNT)
        made = self._world.service_accounts.add(
            address(fields["name"], fields["project"]),
            client_id=f"1{self._world.ids.decimal('service-account', 20)}",
            project=fields["project"],
            delegated=None if fields["scopes"] is None else known_scopes(fields["scopes"]),
        )
        return _service_account(made) | {"file": self._world.service_account(made.email)}

    def _change_service_account(self, request: HttpRequest, values: Mapping[str, str]) -> dict[str, Any]:
        account = next((known for known in self._world.service_accounts if known.email == values["email"]), None)
        if account is None:
            raise ControlError(
                404, f"There is no service account {values['email']}.", "GET service_accounts lists them."
            )
        changes = present_fields(request, SERVICE_ACCOUNT_CHANGE)
        account.state = AccountState(changes.get("state", account.state))
        account.client_state = ClientState(changes.get("client_state", account.client_state))
        account.key_live = changes.get("key_live", account.key_live)
        return _service_account(account)

    def _add_client(self, request: HttpRequest, _: Mapping[str, str]) -> dict[str, Any]:
        fields = read_fields(request, CLIENT)
        project = fields["project"] or self._world.ids.decimal("project", 12)
        name = self._world.ids.base32hex26("client")
        client = OAuthClient(
            fields["client_id"] or f"{project}-{name}000000.apps.googleusercontent.com",
            secret=fields["secret"] or entropy.client_secret(),
            kind=ClientKind(fields["type"]),
            redirect_uris=tuple(fields["redirect_uris"]),
            publishing=Publishing(fields["publishing_status"]),
            verified=fields["verified"],
            project=project,
            name=fields["name"],
        )
        self._world.clients.add(client)
        return client_view(client) | {"client_secret": client.secret, "file": client.file()}

    def _change_client(self, request: HttpRequest, values: Mapping[str, str]) -> dict[str, Any]:
        client = self._client(values["client_id"])
        changes = present_fields(request, CLIENT_CHANGE)
        client.state = ClientState(changes.get("state", client.state))
        client.publishing = Publishing(changes.get("publishing_status", client.publishing))
        client.verified = changes.get("verified", client.verified)
        client.name = changes.get("name", client.name)
        return {}

    def _delegate(self, request: HttpRequest, _: Mapping[str, str]) -> dict[str, Any]:
        """Enter a client for domain-wide delegation; no scopes at all take the entry away."""
        fields = read_fields(request, DELEGATION)
        account = self._world.service_accounts.of_client(fields["client_id"])
        if account is None:
            hint = "Delegation is to the number in the key file's client_id."
            raise ControlError(404, f"No service account has the client id {fields['client_id']}.", hint)
        account.delegated = known_scopes(fields["scopes"]) or None
        return {}

    def _set_policy(self, request: HttpRequest, _: Mapping[str, str]) -> dict[str, Any]:
        fields = read_fields(request, POLICY)
        policy = Policy(
            blocked_clients=frozenset(fields["blocked_clients"]),
            blocked_scopes=known_scopes(fields["blocked_scopes"]),
            disabled_apis=_apis(fields["disabled_apis"]),
            session=None if fields["session"] is None else duration(fields["session"]),
            reauth=fields["reauth"],
        )
        self._world.policies.set(fields["domain"], policy)
        return {}

    def _set_project(self, request: HttpRequest, values: Mapping[str, str]) -> dict[str, Any]:
        fields = read_fields(request, {"disabled_apis": texts()})
        self._world.policies.disable(values["project"], _apis(fields["disabled_apis"]))
        return {}

    def _client(self, client_id: str) -> OAuthClient:
        client = self._world.clients.find(client_id)
        if client is None:
            raise ControlError(404, f"There is no client {client_id}.", "POST /_sandbox/clients adds one.")
        return client


def _told(deed: Deed, status: int, request: HttpRequest, values: Mapping[str, str]) -> Answer:
    return json_answer(deed(request, values), status=status)


def _apis(names: list[str]) -> frozenset[str]:
    strange = sorted(set(names) - {GMAIL, CALENDAR})
    if strange:
        raise ValueError(f"there is no API {strange[0]!r} here; there are {GMAIL} and {CALENDAR}")
    return frozenset(names)


def client_view(client: OAuthClient) -> dict[str, Any]:
    """Return a client as the control API tells of it."""
    return {
        "client_id": client.id,
        "type": client.kind.value,
        "name": client.name,
        "project": client.project,
        "redirect_uris": list(client.redirect_uris),
        "publishing_status": client.publishing.value,
        "verified": client.verified,
    }


def _service_account(account: ServiceAccount) -> dict[str, Any]:
    return {
        "email": account.email,
        "client_id": account.client_id,
        "project": account.project,
        "scopes": sorted(account.delegated or ()),
        "state": account.state.value,
        "client_state": account.client_state.value,
        "key_live": account.key_live,
    }
