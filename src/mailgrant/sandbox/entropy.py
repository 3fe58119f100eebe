"""
The secrets a sandbox hands out: codes, tokens and client secrets, in Google's shapes.

They are random even where ids are deterministic: a vault filled by yesterday's sandbox must meet
`invalid_grant` today, never a token that happens to be somebody else's.
"""

from __future__ import annotations

import secrets


def access_token() -> str:
    """Return a new access token; Google's are some 200 characters."""
    return "ya29.a0" + secrets.token_urlsafe(150)


def refresh_token() -> str:
    """Return a new refresh token."""
    return "1//0" + secrets.token_urlsafe(72)


def authorization_code() -> str:
    """Return a new authorization code; its slash travels as %2F."""
    return "4/0A" + secrets.token_urlsafe(52)


def device_code() -> str:
    """Return a new code for a device to ask with."""
    return "AH-1Ng" + secrets.token_urlsafe(60)


def user_code() -> str:
    """Return a new code for a person to type: eight letters, none that makes words or looks like another."""
    letters = [secrets.choice("BCDFGHJKLMNPQRSTVWXZ") for _ in range(8)]
    return f"{''.join(letters[:4])}-{''.join(letters[4:])}"


def client_secret() -> str:
    """Return a new client secret."""
    return "GOCSPX-" + secrets.token_urlsafe(21)


def opaque(size: int = 32) -> str:
    """Return a nonce for one of the sandbox's own pages."""
    return secrets.token_urlsafe(size)
