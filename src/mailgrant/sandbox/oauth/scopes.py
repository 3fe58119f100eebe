"""
Scopes: which of them this Google knows, how it spells them, and what it tells people about them.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from mailgrant.sandbox.frame.discovery import CALENDAR, GMAIL, document

OPENID = "openid"
EMAIL = "https://www.googleapis.com/auth/userinfo.email"
PROFILE = "https://www.googleapis.com/auth/userinfo.profile"
IDENTITY = frozenset({OPENID, EMAIL, PROFILE})
SHORT_NAMES = {"email": EMAIL, "profile": PROFILE}
# What a device without a browser may ask for beside the identity; these open nothing in a sandbox.
DEVICE_TEXTS = {
    "https://www.googleapis.com/auth/drive.appdata": "See and manage its own configuration data in your Google Drive",
    "https://www.googleapis.com/auth/drive.file": "See and manage the Google Drive files that you use with this app",
    "https://www.googleapis.com/auth/youtube": "Manage your YouTube account",
    "https://www.googleapis.com/auth/youtube.readonly": "View your YouTube account",
}
# Only an administrator can allow it, to a service account; no person is ever asked.
ADMINISTRATORS_ONLY = frozenset({"https://www.googleapis.com/auth/gmail.settings.sharing"})
IDENTITY_TEXTS = {
    OPENID: "Associate you with your personal info on Google",
    EMAIL: "See your primary Google Account email address",
    PROFILE: "See your personal info, including any personal info you've made publicly available",
}


@cache
def descriptions() -> dict[str, str]:
    """Return every known scope with the sentence people read about it."""
    known = dict(IDENTITY_TEXTS)
    for api in (GMAIL, CALENDAR):
        known |= {scope: entry["description"] for scope, entry in document(api)["auth"]["oauth2"]["scopes"].items()}
    return known


@cache
def device_scopes() -> dict[str, str]:
    """Return the scopes of the device flow with the sentence people read about each."""
    return {**IDENTITY_TEXTS, **DEVICE_TEXTS}


@cache
def gmail_scopes() -> frozenset[str]:
    """Return the scopes that open Gmail."""
    return frozenset(document(GMAIL)["auth"]["oauth2"]["scopes"])


def split(text: str) -> list[str]:
    """Return the scopes of a space-separated list, short names in their long form, in order, each once."""
    return list(dict.fromkeys(SHORT_NAMES.get(name, name) for name in text.split()))


def normal(names: Iterable[str]) -> frozenset[str]:
    """Return scopes as Google grants them: long names, and `openid` beside any part of the identity."""
    scopes = frozenset(SHORT_NAMES.get(name, name) for name in names)
    return scopes | {OPENID} if scopes & IDENTITY else scopes


def unknown(names: Iterable[str]) -> list[str]:
    """Return those that this Google does not know."""
    return [name for name in names if SHORT_NAMES.get(name, name) not in descriptions()]


def complaint(names: list[str]) -> str | None:
    """Return Google's sentence about unknown scopes, None if all are known."""
    invalid = list(dict.fromkeys(unknown(names)))
    if not invalid:
        return None
    valid = [name for name in names if name not in invalid]
    parts = ([f"valid=[{', '.join(valid)}]"] if valid else []) + [f"invalid=[{', '.join(invalid)}]"]
    return f"Some requested scopes were invalid. {{{', '.join(parts)}}}"


def known_scopes(names: str | Iterable[str]) -> frozenset[str]:
    """Return scopes in their long form, from a list or from a text; raises ValueError for a strange one."""
    listed = names.split() if isinstance(names, str) else list(names)
    refused = complaint(listed)
    if refused is not None:
        raise ValueError(refused)
    return frozenset(SHORT_NAMES.get(name, name) for name in listed)


def in_token_order(scopes: Iterable[str]) -> str:
    """Return scopes as a token answer lists them: addresses first, `openid` last."""
    return " ".join(sorted(scopes, key=lambda scope: (scope == OPENID, scope)))


def in_redirect_order(scopes: frozenset[str]) -> str:
    """Return scopes as the redirect lists them: short identity names, addresses, `openid`."""
    short = [name for name, scope in SHORT_NAMES.items() if scope in scopes]
    return " ".join([*short, in_token_order(scopes)])
