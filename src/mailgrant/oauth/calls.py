"""
One generator per conversation with Google's OAuth endpoints.

They are sent every response, whatever its status, and raise what `answers` makes of it; the line
itself raises NoAnswer when none came.
"""

from __future__ import annotations

from typing import Any

from mailgrant.errors import ConsentError, GrantRevoked, ServerError
from mailgrant.http import Call, Request
from mailgrant.secret import Secret

from . import answers
from .client_secrets import ClientSecrets
from .consent import LIFE
from .credentials import TokenAnswer
from .realm import CERTS_URI, REVOKE_URI, TOKEN_URI
from .scopes import Scopes


def redeem_code(client: ClientSecrets, *, code: Secret, code_verifier: Secret, redirect_uri: str) -> Call[TokenAnswer]:
    """Exchange an authorization code (RFC 6749 §4.1.3, RFC 7636 §4.5); raises ConsentError when it is refused."""
    fields = {
        "grant_type": "authorization_code",
        "code": code.reveal(),
        "redirect_uri": redirect_uri,
        "client_id": client.client_id,
        "client_secret": client.client_secret.reveal(),
        "code_verifier": code_verifier.reveal(),
    }
    response = yield Request.form(TOKEN_URI, operation="oauth2.token", fields=fields)
    if response.ok:
        return TokenAnswer.from_response(response)
    error = answers.refusal(response, account=None)
    if isinstance(error, GrantRevoked):
        # Here `invalid_grant` speaks of the code, not of a grant.
        minutes = int(LIFE.total_seconds() / 60)
        raise ConsentError(
            f"Google does not accept the code: {answers.Complaint.from_response(response).description}",
            hint=f"A code works once, within {minutes} minutes. Begin a new consent.",
        ) from error
    raise error


def refresh(
    client: ClientSecrets, refresh_token: Secret, *, scopes: Scopes | None = None, account: str | None = None
) -> Call[TokenAnswer]:
    """
    Get a new access token (RFC 6749 §6), of the whole grant or, with `scopes`, of a part of it.

    Raises GrantRevoked when the grant is dead, ClientBroken, AdminRefused, or a passing error.
    """
    fields = {
        "grant_type": "refresh_token",
        "refresh_token": refresh_token.reveal(),
        "client_id": client.client_id,
        "client_secret": client.client_secret.reveal(),
        **({"scope": str(scopes)} if scopes else {}),
    }
    response = yield Request.form(TOKEN_URI, operation="oauth2.token", fields=fields)
    if not response.ok:
        raise answers.refusal(response, account=account)
    return TokenAnswer.from_response(response)


def revoke(token: Secret) -> Call[bool]:
    """
    Revoke the whole grant that a token belongs to (RFC 7009).

    Returns False when Google knew it no longer: that is as good. Raises ServerError when Google
    failed, and what `answers` says otherwise.
    """
    response = yield Request.form(REVOKE_URI, operation="oauth2.revoke", fields={"token": token.reveal()})
    if response.ok:
        return True
    if response.status == 400 and answers.Complaint.from_response(response).code == "invalid_token":
        return False
    raise answers.refusal(response, account=None, operation="oauth2.revoke")


def certificates() -> Call[dict[str, Any]]:
    """Return the keys with which Google signs id_tokens, as a JWKS (RFC 7517)."""
    response = yield Request.get(CERTS_URI, operation="oauth2.certs")
    try:
        keys = response.json()
    except ValueError:
        keys = {}
    if not response.ok or "keys" not in keys:
        raise ServerError("Google's signing keys could not be read.", status=response.status, operation="oauth2.certs")
    return keys
