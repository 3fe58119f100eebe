"""
Consent: a question put to a person and not yet answered (RFC 6749 §4.1.1).

The link we hand out, and reading what comes back on the redirect.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from mailgrant.errors import AdminRefused, ConsentError, ConsentRefused, MailgrantError, SettingsError
from mailgrant.secret import Secret

from .client_secrets import ClientSecrets
from .pkce import challenge, new_verifier, url_safe
from .realm import AUTH_URI, ISSUER, Realm
from .scopes import IDENTITY, Scopes

LIFE = timedelta(minutes=10)
STATE_BYTES = 32
# What a bare code looks like: Google caps it at 256 bytes.
CODE = re.compile(r"[A-Za-z0-9/_\-.~]{8,512}")


@dataclass(frozen=True, slots=True)
class Consent:
    """
    A question to one person; send them to `url`.

    `id` is a hash of the `state` that travels in the link: safe to keep in a web session, and of no
    use to anybody who reads it. `grant_id` is the grant that a yes would widen.
    """

    id: str
    url: str = field(kw_only=True)
    client_id: str = field(kw_only=True)
    account: str | None = field(kw_only=True, default=None)
    user: str | None = field(kw_only=True, default=None)
    asked: Scopes = field(kw_only=True)
    redirect_uri: str = field(kw_only=True)
    identity: bool = field(kw_only=True, default=True)
    state: Secret = field(kw_only=True)
    code_verifier: Secret = field(kw_only=True)
    begun_at: datetime = field(kw_only=True)
    expires_at: datetime = field(kw_only=True)
    grant_id: str | None = field(kw_only=True, default=None)

    def __repr__(self) -> str:
        return f"Consent(account={self.account!r}, asked={self.asked!r}, expires_at={self.expires_at:%H:%M:%S})"


@dataclass(frozen=True, slots=True)
class Redirect:
    """A yes: the code to exchange, and what was granted if the redirect said so."""

    code: Secret
    granted: Scopes | None = None


@dataclass(frozen=True, slots=True)
class Widening:
    """What a consent widens: the grant's id, what it was asked for and what it holds."""

    grant_id: str
    held: Scopes


def begin(
    client: ClientSecrets,
    *,
    account: str | None,
    user: str | None,
    scopes: Scopes,
    redirect_uri: str,
    identity: bool,
    widens: Widening | None,
    realm: Realm,
    now: datetime,
    entropy: Callable[[int], bytes],
) -> Consent:
    """
    Write the question.

    Consent is forced (`prompt=consent`), because only a consent that a person sees gives a refresh
    token. What a grant holds already is not asked again: Google folds it in. Raises SettingsError
    when nothing is asked, or when nobody could say whose the answer is.
    """
    if not scopes.api and not identity:
        raise SettingsError("No scope was named, so there is nothing to ask.", hint="For example: gmail.send.")
    if not identity and account is None:
        raise SettingsError("Without identity nobody knows whose consent it is.", hint="Pass account= with it.")
    state = Secret(url_safe(entropy(STATE_BYTES)))
    verifier = new_verifier(entropy)
    wanted = scopes | IDENTITY if identity else scopes
    lacking = Scopes(scope for scope in wanted if widens is None or scope not in widens.held or scope.is_identity)
    parameters = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": redirect_uri,
        "scope": str(lacking),
        "state": state.reveal(),
        "access_type": "offline",
        "prompt": "consent",
        "code_challenge": challenge(verifier),
        "code_challenge_method": "S256",
        **({"login_hint": account} if account else {}),
        **({"include_granted_scopes": "true"} if widens else {}),
    }
    return Consent(
        consent_id(state),
        url=f"{realm.address(AUTH_URI)}?{urlencode(parameters, quote_via=quote)}",
        client_id=client.client_id,
        account=account,
        user=user,
        asked=wanted,
        redirect_uri=redirect_uri,
        identity=identity,
        state=state,
        code_verifier=verifier,
        begun_at=now,
        expires_at=now + LIFE,
        grant_id=widens.grant_id if widens else None,
    )


def consent_id(state: Secret) -> str:
    """Return the id under which the consent with this `state` is kept: a hash, so that it may be known."""
    return url_safe(hashlib.sha256(b"mailgrant consent\0" + state.reveal().encode()).digest())


def state_in(address: str) -> Secret | None:
    """Return the `state` in an address or query string, or None when there is not exactly one."""
    states = _parameters(address).get("state", [])
    return Secret(states[0]) if len(states) == 1 and states[0] else None


def read_answer(consent: Consent, address: str) -> Redirect:
    """
    Read the address that a person came back to: the whole, its path and query, or its query alone.

    Raises ConsentRefused for a no, AdminRefused when policy forbids it, ConsentError when it answers
    another question, comes from somebody else than Google (RFC 9207), or holds no code.
    """
    parameters = _parameters(address)
    if state_in(address) != consent.state:
        raise ConsentError("That address answers another question than this one.", hint="Begin a new consent.")
    issuer = parameters.get("iss", [ISSUER])
    if issuer != [ISSUER]:
        raise ConsentError(
            "That answer does not come from Google.", hint="Its `iss` is somebody else's: do not use that link again."
        )
    if "error" in parameters:
        raise _refusal(parameters["error"][0], parameters.get("error_subtype", [""])[0], consent)
    codes = parameters.get("code", [])
    if len(codes) != 1 or not codes[0]:
        raise ConsentError("There is no code in that address.", hint="Copy the whole address, to its end.")
    scope = parameters.get("scope", [None])[0]
    return Redirect(Secret(codes[0]), Scopes.granted(scope) if scope else None)


def read_code(text: str) -> Redirect:
    """Read a code that was pasted without its address; raises ConsentError when it is none."""
    code = text.strip()
    if not CODE.fullmatch(code):
        raise ConsentError(
            "That is neither an address nor a code.", hint="Paste the whole address from the browser's address bar."
        )
    return Redirect(Secret(code))


def _refusal(error: str, subtype: str, consent: Consent) -> MailgrantError:
    whom = consent.account or "The person"
    if error == "access_denied":
        return ConsentRefused(f"{whom} did not allow it.")
    if error in ("admin_policy_enforced", "org_internal"):
        return AdminRefused(
            f"{whom}'s organisation does not allow this application ({error}).",
            hint="An administrator can allow it in the Google Admin console, under API controls.",
            reason=error,
        )
    named = f"{error}, {subtype}" if subtype else error
    return ConsentError(f"Google ended the consent with an error ({named[:100]}).", hint="Begin a new consent.")


def _parameters(address: str) -> dict[str, list[str]]:
    text = address.strip()
    try:
        query = urlsplit(text).query if "?" in text else text
        return parse_qs(query, keep_blank_values=True, max_num_fields=100)
    except ValueError:
        return {}
