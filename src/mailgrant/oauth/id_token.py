"""Who signed in: an OpenID Connect id_token, verified (OpenID Connect Core §3.1.3.7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from mailgrant.errors import ConsentError
from mailgrant.secret import Secret

from .realm import ISSUER

# Google has signed with and without the scheme; both are its name.
ISSUERS = frozenset({ISSUER, ISSUER.removeprefix("https://")})
LEEWAY = timedelta(minutes=5)
# Gmail reads an address without regard to its dots, and under either of two names.
DOTLESS = frozenset({"gmail.com", "googlemail.com"})


@dataclass(frozen=True, slots=True)
class Identity:
    """A person as Google knows them: `sub` never changes, the address may."""

    sub: str
    email: str = field(kw_only=True)
    email_verified: bool = field(kw_only=True, default=False)
    hosted_domain: str | None = field(kw_only=True, default=None)
    name: str | None = field(kw_only=True, default=None)

    @classmethod
    def from_claims(cls, claims: Mapping[str, Any]) -> Identity:
        """Read the claims of an id_token or of the userinfo endpoint; raises ConsentError without sub and email."""
        sub, email = claims.get("sub"), claims.get("email")
        if not isinstance(sub, str) or not isinstance(email, str) or not sub or "@" not in email:
            raise ConsentError("Google did not say who signed in.", hint="Ask again with the email scope.")
        return cls(
            sub,
            email=email,
            email_verified=claims.get("email_verified") in (True, "true"),
            hosted_domain=_text(claims, "hd"),
            name=_text(claims, "name"),
        )


def verify(
    token: Secret, *, keys: Mapping[str, Any], client_id: str, now: datetime, leeway: timedelta = LEEWAY
) -> Identity:
    """
    Check an id_token against Google's keys (a JWKS) and return who it names.

    RS256 only, issued by Google for this client, and not run out at `now`, which must be real time.
    Raises ConsentError for everything else; clocks may differ by `leeway`.
    """
    import jwt

    try:
        key = _signing_key(token, keys)
        claims = jwt.decode(
            token.reveal(),
            key,
            algorithms=["RS256"],
            audience=client_id,
            # Time is checked below, against the time that was passed in.
            options={"verify_exp": False, "verify_iat": False, "verify_nbf": False, "require": ["exp", "iat", "sub"]},
        )
    except (jwt.PyJWTError, ValueError, KeyError, TypeError) as error:
        raise _not_believed(f"it does not verify ({type(error).__name__})") from None
    if claims.get("iss") not in ISSUERS:
        raise _not_believed("it was issued by somebody else")
    moment = now.timestamp()
    if moment > claims["exp"] + leeway.total_seconds():
        raise _not_believed("it has run out; check this machine's clock")
    if moment < claims["iat"] - leeway.total_seconds():
        raise _not_believed("it comes from the future; check this machine's clock")
    return Identity.from_claims(claims)


def same_person(expected: str, identity: Identity) -> bool:
    """True when the address that was asked is the one that signed in, as Gmail compares addresses."""
    return _canonical(expected) == _canonical(identity.email)


def _canonical(address: str) -> str:
    local, _, domain = address.strip().casefold().rpartition("@")
    if domain in DOTLESS:
        return f"{local.replace('.', '')}@gmail.com"
    return f"{local}@{domain}"


def _signing_key(token: Secret, keys: Mapping[str, Any]) -> Any:
    import jwt

    wanted = jwt.get_unverified_header(token.reveal()).get("kid")
    for key in keys.get("keys", ()):
        if key.get("kid") == wanted:
            return jwt.PyJWK(key, algorithm="RS256").key
    raise KeyError("kid")


def _not_believed(why: str) -> ConsentError:
    return ConsentError(f"Who signed in could not be verified: the id_token is not believed, {why}. Nothing was kept.")


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    return value if isinstance(value, str) else None
