"""
Self-signed tokens: a JWT that a service account signed for an API itself, in place of an access token.

Libraries send one to spare the way to the token endpoint. It stands for the account alone, never for a person.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mailgrant.sandbox.frame.discovery import CALENDAR, GMAIL, document
from mailgrant.sandbox.oauth.assertions import LONGEST_LIFE, SKEW, Claims, unproved
from mailgrant.sandbox.oauth.clients import ClientState
from mailgrant.sandbox.oauth.scopes import split
from mailgrant.sandbox.oauth.service_accounts import AccountState

if TYPE_CHECKING:
    from mailgrant.sandbox.oauth.service_accounts import ServiceAccount
    from mailgrant.sandbox.sandbox import Sandbox

# How every JWT begins: `{"` in base64url.
BEGINNING = "eyJ"
APIS = {"gmail.googleapis.com": GMAIL, "calendar-json.googleapis.com": CALENDAR}


def adopt(world: Sandbox, text: str) -> None:
    """Let a good self-signed token be the access token that it stands for; any other text stays unknown."""
    if not text.startswith(BEGINNING):
        return
    claims = unproved(text)
    account = world.service_accounts.find(str(claims.get("iss")))
    if account is None or not _stands_for(account, claims) or account.key.read(text) is None:
        return
    if world.people.find(account.email) is None:
        world.people.add(account.email, robot_id=account.client_id, gmail=False)
    world.tokens.adopt(text, account, account.email, _scopes(claims))


def _stands_for(account: ServiceAccount, claims: Claims) -> bool:
    """Say whether the claims are of a live account about itself, and of now."""
    issued, ends, now = claims.get("iat"), claims.get("exp"), time.time()
    if not isinstance(issued, (int, float)) or not isinstance(ends, (int, float)):
        return False
    timely = 0 < ends - issued <= LONGEST_LIFE and issued <= now + SKEW and ends > now
    alive = account.key_live and account.state is AccountState.LIVE and account.client_state is ClientState.LIVE
    return timely and alive and claims.get("sub") in {None, account.email}


def _scopes(claims: Claims) -> frozenset[str]:
    """Return the scopes that are named, else all of the API that is the audience."""
    if claims.get("scope"):
        return frozenset(split(str(claims["scope"])))
    host = urlsplit(str(claims.get("aud"))).hostname or ""
    apis = [APIS[host]] if host in APIS else [GMAIL, CALENDAR] * (host == "www.googleapis.com")
    return frozenset(scope for api in apis for scope in document(api)["auth"]["oauth2"]["scopes"])
