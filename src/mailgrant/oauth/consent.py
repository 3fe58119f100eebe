"""
Consent: a question put to a person and not yet answered (RFC 6749 §4.1.1).

The link we hand out, and reading what comes back on the redirect.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from mailgrant.errors import AdminRefused, ConsentError, ConsentRefused, MailgrantError, SettingsError
from mailgrant.secret import Secret

from .client_secrets import ClientSecrets
from .pkce import challenge, hashed, new_verifier, url_safe
from .realm import AUTH_URI, ISSUER, Realm
from .scopes import IDENTITY, Scope, Scopes

LIFE = timedelta(minutes=10)
STATE_BYTES = 32
# More parameters than any answer of Google's has, and few enough to read.
MOST_PARAMETERS = 50
# What a bare code looks like: `4/0A…`, which Google caps at 256 bytes.
CODE = re.compile(r"[0-9]{1,2}/[A-Za-z0-9_.~-]{1,512}")
# An error's name as standards write them; anything else is not repeated to a terminal.
ERROR_NAME = re.compile(r"[a-z_.]{1,64}")


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

    def __post_init__(self) -> None:
        if self.begun_at.tzinfo is None or self.expires_at.tzinfo is None:
            raise ValueError("the times of a consent need a time zone")
        if not self.identity and self.account is None:
            raise ValueError("a consent that does not ask who answers names the account")

    def __repr__(self) -> str:
        return f"Consent(account={self.account!r}, asked={self.asked!r}, expires_at={self.expires_at:%H:%M:%S})"


@dataclass(frozen=True, slots=True)
class Redirect:
    """A yes: the code to exchange, and what was granted if the redirect said so."""

    code: Secret
    granted: Scopes | None = field(kw_only=True, default=None)


@dataclass(frozen=True, slots=True)
class Widening:
    """
    The grant that a consent widens: its id, and what it holds already.

    `folds` is False once Google has answered for this client with a token that leaves out what was
    granted before: then everything is asked each time, so that nothing is lost.
    """

    grant_id: str
    held: Scopes
    folds: bool = True

    def asking(self, scopes: Scopes) -> Scopes:
        """
        Return what to ask so that the grant covers `scopes` too: what is missing, or all of it.

        Where nothing is missing the person wants to be asked again, and is.
        """
        return self.held.missing(scopes) or scopes if self.folds else self.held.widened(scopes)


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

    Who answers is asked too, unless `identity` is False. A grant is widened by what it lacks; Google
    folds in what was granted before (`include_granted_scopes`), or it is asked again. Raises
    SettingsError when nothing is asked, when nobody could say whose the answer is, or when the answer
    would travel in the open.
    """
    _check(account, scopes, redirect_uri, identity)
    wanted = widens.asking(scopes) if widens else scopes
    asked = wanted | IDENTITY if identity else wanted
    state = Secret(url_safe(entropy(STATE_BYTES)))
    verifier = new_verifier(entropy)
    parameters = {
        "client_id": client.client_id,
        "redirect_uri": redirect_uri,
        "scope": str(asked),
        "state": state.reveal(),
        "code_challenge": challenge(verifier),
        **({"login_hint": account} if account else {}),
        **({"include_granted_scopes": "true"} if widens else {}),
    }
    return Consent(
        consent_id(state),
        url=realm.address(_question(parameters)),
        client_id=client.client_id,
        account=account,
        user=user,
        asked=asked,
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
    return hashed(b"mailgrant consent\0" + state.reveal().encode())


def state_in(address: str) -> Secret | None:
    """Return the `state` in an address or query string, or None when there is not exactly one."""
    states = _parameters(address).get("state", [])
    return Secret(states[0]) if len(states) == 1 and states[0] else None


def answered_id(state: Secret | None, expected: str | None) -> str:
    """Return the id of the question that an address answers; raises ConsentError when it is another one."""
    if state is None and expected is None:
        raise ConsentError(
            "There is no `state` in that address, so nobody knows which question it answers.",
            hint="Paste the whole address from the browser's address bar.",
        )
    answered = expected if state is None else consent_id(state)
    if answered is None or (expected is not None and answered != expected):
        raise ConsentError(
            "That address answers another question than the one asked here.",
            hint="Begin again, and finish in the same browser.",
        )
    return answered


def read_answer(consent: Consent, address: str) -> Redirect:
    """
    Read the address that a person came back to: the whole, its path and query, or its query alone.

    Raises ConsentRefused for a no, AdminRefused when policy forbids it, ConsentError when it answers
    another question, comes from somebody else than Google (RFC 9207), or holds no code.
    """
    if state_in(address) != consent.state:
        raise ConsentError("That address answers another question than this one.", hint="Begin a new consent.")
    parameters = _parameters(address)
    if any(len(values) > 1 for values in parameters.values()):
        raise ConsentError("That address says something twice; Google's never do.", hint="Begin a new consent.")
    said = {name: values[0] for name, values in parameters.items()}
    if said.get("iss", ISSUER) != ISSUER:
        raise ConsentError(
            "That answer does not come from Google.", hint="Its `iss` is somebody else's: do not use that link again."
        )
    if "error" in said:
        raise _refusal(said, consent)
    if not said.get("code"):
        raise ConsentError("There is no code in that address.", hint="Copy the whole address, to its end.")
    scope = said.get("scope")
    return Redirect(Secret(said["code"]), granted=Scopes.granted(scope) if scope else None)


def read_code(text: str) -> Redirect:
    """Read a code that was pasted without its address; raises ConsentError when it is none."""
    code = _joined(text)
    # In the address bar its slash may be percent-encoded; decoded twice it would be another code.
    code = code if "/" in code else unquote(code)
    if not CODE.fullmatch(code):
        raise ConsentError(
            "That is neither an address nor a code.", hint="Paste the whole address from the browser's address bar."
        )
    return Redirect(Secret(code))


def _check(account: str | None, scopes: Scopes, redirect_uri: str, identity: bool) -> None:
    if Scope.GMAIL_SETTINGS_SHARING in scopes:
        raise SettingsError(
            "No person can allow gmail.settings.sharing: Google gives it to service accounts only.",
            hint="An administrator delegates it: `mailgrant client add KEY.json`, then `grant ask EMAIL --client ID`.",
        )
    if not scopes and not identity:
        raise SettingsError("No scope was named, so there is nothing to ask.", hint="For example: gmail.send.")
    if not identity and account is None:
        raise SettingsError("Without identity nobody knows whose consent it is.", hint="Pass account= with it.")
    if not _is_redirect(redirect_uri):
        raise SettingsError(
            f"{redirect_uri!r} is not an address that Google sends people back to.",
            hint="It is https, or http on this machine, without a fragment. (Copying a code, oob, ended in 2023.)",
        )


def _is_redirect(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    on_this_machine = parts.hostname in ("127.0.0.1", "::1", "localhost")
    safe = parts.scheme == "https" or (parts.scheme == "http" and on_this_machine)
    return safe and bool(parts.hostname) and not parts.fragment


def _question(parameters: Mapping[str, str]) -> str:
    """
    Return Google's address with the question.

    Consent is always shown: without `prompt=consent` a person who agreed before is sent straight
    back, with a code that gives no refresh token.
    """
    fixed = {
        "response_type": "code",
        "access_type": "offline",
        "prompt": "consent",
        "code_challenge_method": "S256",
    }
    return f"{AUTH_URI}?{urlencode({**fixed, **parameters}, quote_via=quote)}"


def _refusal(said: Mapping[str, str], consent: Consent) -> MailgrantError:
    whom = consent.account or "The person"
    error = said["error"]
    if error == "access_denied":
        return ConsentRefused(f"{whom} did not allow it.")
    if error in ("admin_policy_enforced", "org_internal"):
        return AdminRefused(
            f"The organisation of {consent.account or 'this person'} does not allow this application ({error}).",
            hint="An administrator can allow it in the Google Admin console, under API controls.",
            reason=error,
        )
    names = [name for name in (error, said.get("error_subtype", "")) if ERROR_NAME.fullmatch(name)]
    named = f" ({', '.join(names)})" if names else ""
    return ConsentError(f"Google ended the consent with an error{named}.", hint="Begin a new consent.")


def _parameters(address: str) -> dict[str, list[str]]:
    """Return the parameters of an address; none of one that holds what no answer of Google's does."""
    text = _joined(address)
    if not text.isascii():
        return {}
    try:
        query = urlsplit(text).query if "?" in text else text
        found = parse_qs(query, keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        return {}
    return found if all(value.isascii() and value.isprintable() for each in found.values() for value in each) else {}


def _joined(text: str) -> str:
    """Undo the line breaks of a terminal in what was pasted: addresses and codes have no spaces."""
    return "".join(text.split())
