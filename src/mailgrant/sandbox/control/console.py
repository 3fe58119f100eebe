"""
Console: what happens to accounts, clients and service accounts behind a program's back.

Developers do some of it in the Cloud console, administrators some in theirs, people some in their
account's settings; a sandbox's control API does all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from mailgrant.sandbox.control.faults import duration
from mailgrant.sandbox.control.fields import (
    ControlError,
    Field,
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
from mailgrant.sandbox.oauth.clients import DEFAULT_PROJECT, ClientState, OAuthClient, Publishing
from mailgrant.sandbox.oauth.policies import Policy
from mailgrant.sandbox.oauth.scopes import known_scopes
from mailgrant.sandbox.oauth.service_accounts import AccountState, ServiceAccount, address
from mailgrant.sandbox.people import Person

if TYPE_CHECKING:
    from mailgrant.sandbox.sandbox import Sandbox

Work: TypeAlias = "Callable[[HttpRequest, Mapping[str, str]], Answer]"
Deed: TypeAlias = "Callable[[HttpRequest, Mapping[str, str]], dict[str, Any]]"

SERVICE_ACCOUNT = {"name": required_text(), "project": text(DEFAULT_PROJECT), "scopes": text_or_texts()}
SERVICE_ACCOUNT_CHANGE = {"state": text(), "client_state": text(), "key_live": truth(default=True)}
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
            "accounts/{email}/password": self._change_password,
        }
        return {
            ("POST", "service_accounts"): partial(_told, self._add_service_account, 201),
            ("GET", "service_accounts"): partial(_told, self._list, 200),
            ("DELETE", "accounts/{email}"): partial(_told, self._delete_account, 200),
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

    def _change_password(self, request: HttpRequest, values: Mapping[str, str]) -> dict[str, Any]:
        read_fields(request, {})
        self._world.tokens.end_gmail(self._person(values["email"]).email)
        return {}

    def _delete_account(self, _: HttpRequest, values: Mapping[str, str]) -> dict[str, Any]:
        self._world.people.remove(self._person(values["email"]))
        return {}

    def _client(self, client_id: str) -> OAuthClient:
        client = self._world.clients.find(client_id)
        if client is None:
            raise ControlError(404, f"There is no client {client_id}.", "POST /_sandbox/clients adds one.")
        return client

    def _person(self, email: str) -> Person:
        person = self._world.people.find(email)
        if person is None:
            raise ControlError(404, f"There is no account {email}.", "POST /_sandbox/accounts adds one.")
        return person


def _told(deed: Deed, status: int, request: HttpRequest, values: Mapping[str, str]) -> Answer:
    return json_answer(deed(request, values), status=status)


def _apis(names: list[str]) -> frozenset[str]:
    strange = sorted(set(names) - {GMAIL, CALENDAR})
    if strange:
        raise ValueError(f"there is no API {strange[0]!r} here; there are {GMAIL} and {CALENDAR}")
    return frozenset(names)


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
