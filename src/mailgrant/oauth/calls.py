"""
One generator per conversation with Google's OAuth endpoints.

They are sent every response, whatever its status, and raise what `answers` makes of it; the line
itself raises NoAnswer when none came.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mailgrant.errors import InvalidRequest, ServerError
from mailgrant.http import Call, Request, Response
from mailgrant.secret import Secret

from . import answers
from .client_secrets import ClientSecrets
from .credentials import TokenAnswer
from .realm import CERTS_URI, REVOKE_URI, TOKEN_URI
from .scopes import Scopes
from .service_account import ServiceAccountKey, assertion

TOKEN = "oauth2.token"  # noqa: S105 - the name of an operation
REVOKE = "oauth2.revoke"
CERTS = "oauth2.certs"
BY_ASSERTION = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def redeem_code(client: ClientSecrets, *, code: Secret, code_verifier: Secret, redirect_uri: str) -> Call[TokenAnswer]:
    """Exchange an authorization code (RFC 6749 §4.1.3, RFC 7636 §4.5); raises ConsentError when it is refused."""
    fields = {
        "grant_type": "authorization_code",
        "code": code.reveal(),
        "redirect_uri": redirect_uri,
        "code_verifier": code_verifier.reveal(),
        **_authentication(client),
    }
    response = yield Request.form(TOKEN_URI, operation=TOKEN, fields=fields)
    if not response.ok:
        raise answers.code_refusal(response)
    return TokenAnswer.from_response(response)


def refresh(
    client: ClientSecrets, refresh_token: Secret, *, scopes: Scopes | None = None, account: str | None = None
) -> Call[TokenAnswer]:
    """
    Get a new access token (RFC 6749 §6), of the whole grant or, with `scopes`, of a part of it.

    Raises GrantRevoked when the grant is dead, ClientBroken, AdminRefused, or a passing error. A
    part that was not granted, and a token wider than the part, are InvalidRequest.
    """
    fields = {
        "grant_type": "refresh_token",
        "refresh_token": refresh_token.reveal(),
        **({} if scopes is None else {"scope": str(scopes)}),
        **_authentication(client),
    }
    response = yield Request.form(TOKEN_URI, operation=TOKEN, fields=fields)
    if not response.ok:
        raise answers.refusal(response, account=account)
    answer = TokenAnswer.from_response(response)
    # Google adds `openid` to any part of the identity; that is no wider.
    if scopes is not None and answer.scopes is not None and (answer.scopes - scopes).api:
        raise InvalidRequest(
            "Google gave a wider token than was asked. It was dropped.", status=response.status, operation=TOKEN
        )
    return answer


def exchange_assertion(key: ServiceAccountKey, *, subject: str, scopes: Scopes, now: datetime) -> Call[TokenAnswer]:
    """
    Get a token with which a service account acts for `subject` (RFC 7523 §2.1); `now` is real time.

    Raises ClientBroken when the key or the account is no longer good, AdminRefused, with the line for
    the Admin console, when the organisation has not allowed it, NotFound when Google does not know
    the subject, or a passing error.
    """
    proof = assertion(key, subject=subject, scopes=scopes, now=now)
    fields = {"grant_type": BY_ASSERTION, "assertion": proof.reveal()}
    response = yield Request.form(TOKEN_URI, operation=TOKEN, fields=fields)
    if not response.ok:
        raise answers.assertion_refusal(response, key, subject=subject, scopes=scopes)
    return TokenAnswer.from_response(response)


def revoke(token: Secret) -> Call[bool]:
    """
    Revoke the whole grant that a token belongs to (RFC 7009).

    Returns False when Google knew it no longer: that is as good. Raises ServerError when Google
    failed, and what `answers` says otherwise.
    """
    response = yield Request.form(REVOKE_URI, operation=REVOKE, fields={"token": token.reveal()})
    if response.ok:
        return True
    if response.status == 400 and answers.Complaint.from_response(response).code == "invalid_token":
        return False
    raise answers.refusal(response, account=None, operation=REVOKE)


def certificates() -> Call[dict[str, Any]]:
    """Return the keys with which Google signs id_tokens, as a JWKS (RFC 7517)."""
    response = yield Request.get(CERTS_URI, operation=CERTS)
    if not response.ok:
        raise answers.refusal(response, account=None, operation=CERTS)
    return _object(response, CERTS)


def _authentication(client: ClientSecrets) -> dict[str, str]:
    """Return what proves the client, as Google's own programs send it: in the body (RFC 6749 §2.3.1)."""
    return {"client_id": client.client_id, "client_secret": client.client_secret.reveal()}


def _object(response: Response, operation: str) -> dict[str, Any]:
    try:
        return response.json()
    except (ValueError, RecursionError):
        raise ServerError(
            "Somebody answered for Google, with nothing that Google says.", status=response.status, operation=operation
        ) from None
