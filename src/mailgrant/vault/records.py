"""
Records: how grants, consents and clients are written down before they are sealed.

JSON, times in RFC 3339. Here secrets are plain for the moment between the noun and the seal.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from mailgrant.errors import VaultDamaged
from mailgrant.oauth.client_secrets import ClientKind, ClientSecrets
from mailgrant.oauth.consent import Consent
from mailgrant.oauth.credentials import Credentials
from mailgrant.oauth.scopes import Scopes
from mailgrant.oauth.service_account import ServiceAccountKey
from mailgrant.secret import Secret

from .client import KnownClient, Trouble
from .grant import Grant, GrantStatus

SERVICE_ACCOUNT = "service_account"


def grant_to_bytes(grant: Grant) -> bytes:
    """Write a grant down."""
    credentials = grant.credentials
    return _written(
        {
            "account": grant.account,
            "sub": grant.sub,
            "user": grant.user,
            "client_id": grant.client_id,
            "verified": grant.verified,
            "asked": str(grant.asked),
            "scopes": str(grant.scopes),
            "status": grant.status.value,
            "reason": grant.reason,
            "consented_at": grant.consented_at.isoformat(),
            "refreshed_at": _time(grant.refreshed_at),
            "status_since": _time(grant.status_since),
            "tried_at": _time(grant.tried_at),
            "used_at": _time(grant.used_at),
            "ends_at": _time(grant.ends_at),
            "access_token": _text(credentials.access_token),
            "refresh_token": _text(credentials.refresh_token),
            "expires_at": _time(credentials.expires_at),
            "token_scopes": str(credentials.scopes),
        }
    )


def grant_from_bytes(record: bytes, *, key: str, version: int) -> Grant:
    """Read a grant back."""
    values = _read(record)
    return Grant(
        values["account"],
        id=key,
        sub=values["sub"],
        user=values["user"],
        client_id=values["client_id"],
        verified=values["verified"],
        asked=Scopes.granted(values["asked"]),
        scopes=Scopes.granted(values["scopes"]),
        status=GrantStatus(values["status"]),
        reason=values["reason"],
        consented_at=datetime.fromisoformat(values["consented_at"]),
        refreshed_at=_moment(values["refreshed_at"]),
        # Not in the records of the first version.
        status_since=_moment(values.get("status_since")),
        tried_at=_moment(values.get("tried_at")),
        used_at=_moment(values.get("used_at")),
        ends_at=_moment(values.get("ends_at")),
        credentials=Credentials(
            _secret(values["access_token"]),
            refresh_token=_secret(values["refresh_token"]),
            expires_at=_moment(values["expires_at"]),
            scopes=Scopes.granted(values["token_scopes"]),
        ),
        version=version,
    )


def consent_to_bytes(consent: Consent) -> bytes:
    """Write a pending consent down."""
    return _written(
        {
            "url": consent.url,
            "client_id": consent.client_id,
            "account": consent.account,
            "user": consent.user,
            "asked": str(consent.asked),
            "redirect_uri": consent.redirect_uri,
            "identity": consent.identity,
            "state": consent.state.reveal(),
            "code_verifier": consent.code_verifier.reveal(),
            "begun_at": consent.begun_at.isoformat(),
            "expires_at": consent.expires_at.isoformat(),
            "grant_id": consent.grant_id,
        }
    )


def consent_from_bytes(record: bytes, *, key: str) -> Consent:
    """Read a pending consent back."""
    values = _read(record)
    return Consent(
        key,
        url=values["url"],
        client_id=values["client_id"],
        account=values["account"],
        user=values["user"],
        asked=Scopes.granted(values["asked"]),
        redirect_uri=values["redirect_uri"],
        identity=values["identity"],
        state=Secret(values["state"]),
        code_verifier=Secret(values["code_verifier"]),
        begun_at=datetime.fromisoformat(values["begun_at"]),
        expires_at=datetime.fromisoformat(values["expires_at"]),
        grant_id=values["grant_id"],
    )


def client_to_bytes(client: KnownClient) -> bytes:
    """Write a client down."""
    trouble = client.trouble
    return _written(
        {
            **_secrets_to_values(client.secrets),
            "testing": client.testing,
            "folds": client.folds,
            "trouble": trouble and [trouble.reason, trouble.since.isoformat(), trouble.tried_at.isoformat()],
        }
    )


def client_from_bytes(record: bytes, *, version: int) -> KnownClient:
    """Read a client back."""
    values = _read(record)
    return KnownClient(
        _secrets_from_values(values),
        testing=values.get("testing", False),
        folds=values.get("folds", True),
        trouble=_trouble(values.get("trouble")),
        version=version,
    )


def _secrets_to_values(secrets: ClientSecrets | ServiceAccountKey) -> dict[str, Any]:
    if isinstance(secrets, ServiceAccountKey):
        return {
            "kind": SERVICE_ACCOUNT,
            "client_id": secrets.client_id,
            "client_email": secrets.client_email,
            "private_key": secrets.private_key.reveal(),
            "private_key_id": secrets.private_key_id,
            "project_id": secrets.project_id,
        }
    return {
        "kind": secrets.kind.value,
        "client_id": secrets.client_id,
        "client_secret": secrets.client_secret.reveal(),
        "redirect_uris": list(secrets.redirect_uris),
        "project_id": secrets.project_id,
    }


def _secrets_from_values(values: dict[str, Any]) -> ClientSecrets | ServiceAccountKey:
    if values["kind"] == SERVICE_ACCOUNT:
        return ServiceAccountKey(
            client_id=values["client_id"],
            client_email=values["client_email"],
            private_key=Secret(values["private_key"]),
            private_key_id=values["private_key_id"],
            project_id=values["project_id"],
        )
    return ClientSecrets(
        values["client_id"],
        client_secret=Secret(values["client_secret"]),
        kind=ClientKind(values["kind"]),
        redirect_uris=tuple(values["redirect_uris"]),
        project_id=values["project_id"],
    )


def tombstone_to_bytes(forgotten_at: datetime) -> bytes:
    """Write down that there was a grant, and nothing else about it."""
    return _written({"forgotten_at": forgotten_at.isoformat()})


def is_tombstone(record: bytes) -> bool:
    """Tell a grant that was forgotten from one that is there."""
    return "forgotten_at" in _read(record)


def _trouble(values: list[str] | None) -> Trouble | None:
    if values is None:
        return None
    reason, since, tried_at = values
    return Trouble(reason, since=datetime.fromisoformat(since), tried_at=datetime.fromisoformat(tried_at))


def _written(values: dict[str, Any]) -> bytes:
    return json.dumps(values, separators=(",", ":"), sort_keys=True).encode()


def _read(record: bytes) -> dict[str, Any]:
    values = json.loads(record)
    if not isinstance(values, dict):
        raise VaultDamaged("A row of the vault holds something else than a record.")
    return values


def _text(secret: Secret | None) -> str | None:
    return secret.reveal() if secret is not None else None


def _secret(text: str | None) -> Secret | None:
    return Secret(text) if text is not None else None


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text is not None else None
