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
    """
    A person as Google knows them: `sub` never changes, the address may.

    `hosted_domain` is the Workspace organisation, None for a private account.
    """

    sub: str
    email: str = field(kw_only=True)
    email_verified: bool = field(kw_only=True, default=False)
    hosted_domain: str | None = field(kw_only=True, default=None)
    name: str | None = field(kw_only=True, default=None)

    @classmethod
    def from_claims(cls, claims: Mapping[str, Any]) -> Identity:
        """
        Read the claims of an id_token.

        Raises ConsentError when they do not say who it is, or when the address is not known to be
        theirs: somebody could otherwise name another's address as their own.
        """
        sub, email = _text(claims, "sub"), _text(claims, "email")
        if not sub or not email or "@" not in email:
            raise ConsentError("Google did not say who signed in.", hint="Ask again with the email scope.")
        if claims.get("email_verified") not in (True, "true"):
            raise ConsentError(
                f"Google does not vouch that {email} belongs to the person who signed in.",
                hint="They can confirm the address at myaccount.google.com; then ask again.",
            )
        return cls(sub, email=email, email_verified=True, hosted_domain=_text(claims, "hd"), name=_text(claims, "name"))


def verify(
    token: Secret, *, keys: Mapping[str, Any], client_id: str, now: datetime, leeway: timedelta = LEEWAY
) -> Identity:
    """
    Check an id_token against Google's keys (a JWKS) and return who it names.

    RS256 only, issued by Google for this client, and not run out at `now`, which must be real time.
    Raises ConsentError for everything else; clocks may differ by `leeway`.
    """
    claims = _signed_claims(token, keys)
    if claims.get("iss") not in ISSUERS:
        raise _not_believed("it was issued by somebody else")
    if claims.get("aud") != client_id or claims.get("azp", client_id) != client_id:
        raise _not_believed("it was made for another application")
    moment = now.timestamp()
    if moment >= _seconds(claims, "exp") + leeway.total_seconds():
        raise _not_believed("it has run out; check this machine's clock")
    if moment < _seconds(claims, "iat") - leeway.total_seconds():
        raise _not_believed("it comes from the future; check this machine's clock")
    return Identity.from_claims(claims)


def same_person(expected: str, identity: Identity) -> bool:
    """Tell whether the address that was asked is the one that signed in, as Gmail compares addresses."""
    return same_address(expected, identity.email)


def same_address(one: str, other: str) -> bool:
    """Compare two addresses as Gmail does: without regard to case, nor in its own mailboxes to dots."""
    return _canonical(one) == _canonical(other)


def _canonical(address: str) -> str:
    local, _, domain = address.strip().casefold().rpartition("@")
    if domain in DOTLESS:
        return f"{local.replace('.', '')}@gmail.com"
    return f"{local}@{domain}"


def _signed_claims(token: Secret, keys: Mapping[str, Any]) -> dict[str, Any]:
    import jwt

    try:
        claims: dict[str, Any] = jwt.decode(
            token.reveal(),
            _signing_key(token, keys),
            algorithms=["RS256"],
            # `verify` compares these itself, the times with the clock that was passed in.
            options={"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False},
        )
    except (jwt.PyJWTError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise _not_believed(f"it does not verify ({type(error).__name__})") from None
    return claims


def _signing_key(token: Secret, keys: Mapping[str, Any]) -> Any:
    import jwt

    wanted = jwt.get_unverified_header(token.reveal())["kid"]
    # The algorithm is ours to say, not the key's or the token's.
    matching = [key for key in _listed(keys) if key["kid"] == wanted]
    return jwt.PyJWK(matching[0], algorithm="RS256").key


def _listed(keys: Mapping[str, Any]) -> list[dict[str, Any]]:
    listed = keys["keys"]
    return [key for key in listed if isinstance(key, dict) and "kid" in key]


def _seconds(claims: Mapping[str, Any], name: str) -> int:
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _not_believed(f"it does not say its {name}")
    return value


def _not_believed(why: str) -> ConsentError:
    return ConsentError(
        f"Who signed in could not be verified: the id_token is not believed, {why}.",
        hint="Nothing was kept. Ask again; if it happens again, something stands between this machine and Google.",
    )


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    return value if isinstance(value, str) and value.isprintable() else None
