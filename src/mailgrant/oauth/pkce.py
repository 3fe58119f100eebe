"""PKCE: the code_verifier that only we know, and the challenge that goes ahead of it (RFC 7636)."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable

from mailgrant.secret import Secret


def new_verifier(entropy: Callable[[int], bytes]) -> Secret:
    """Make a code_verifier of 256 bits, 43 characters (RFC 7636 §4.1)."""
    return Secret(url_safe(entropy(32)))


def challenge(verifier: Secret) -> str:
    """Return the S256 code_challenge of a verifier (RFC 7636 §4.2)."""
    return hashed(verifier.reveal().encode("ascii"))


def hashed(data: bytes) -> str:
    """Return the SHA-256 of some bytes in base64url."""
    # Not at the top: it loads OpenSSL, which no program needs that holds a grant already.
    import hashlib

    return url_safe(hashlib.sha256(data).digest())


def url_safe(data: bytes) -> str:
    """Return base64url without padding (RFC 4648 §5)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
