"""
Verdicts on a token answer that is not a success.

The type of the error is the verdict, and it decides what becomes of a grant: `GrantRevoked` means
dead, `ClientBroken` that our client is at fault and no grant is, `AdminRefused` that policy forbids
it for this one; everything else is passing, or our own mistake, and the grant is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypedDict

from mailgrant.errors import (
    AdminRefused,
    ClientBroken,
    ConsentError,
    GrantRevoked,
    InvalidRequest,
    MailgrantError,
    NotFound,
    RateLimited,
    ServerError,
)
from mailgrant.http import Response

from .scopes import Scopes
from .service_account import ServiceAccountKey, delegation_line

DEAD = frozenset({"invalid_grant", "invalid_rapt"})
BROKEN_CLIENT = frozenset({"invalid_client", "deleted_client", "disabled_client"})
FORBIDDEN = frozenset({"admin_policy_enforced", "org_internal", "access_denied", "unauthorized_client"})
PASSING = frozenset({"internal_failure", "temporarily_unavailable", "server_error", "backendError"})
SLOW_DOWN = frozenset({"rate_limit_exceeded", "slow_down"})
SIGN_IN_AGAIN = frozenset({"invalid_rapt", "rapt_required"})

# Google's descriptions, in words that help; anything else is quoted.
MEANINGS = {
    ("invalid_grant", "Token has been expired or revoked."): "the grant has expired or was revoked at Google",
    ("invalid_grant", "Bad Request"): "Google no longer knows it",
    ("invalid_grant", "Account has been deleted"): "the account was deleted",
    ("invalid_grant", "The account has been deleted"): "the account was deleted",
    ("invalid_grant", "Malformed auth code."): "it is not whole",
    ("invalid_scope", "Bad Request"): "more was asked than the person granted",
    ("invalid_client", "Unauthorized"): "its secret is wrong",
    ("unauthorized_client", "Unauthorized"): "the grant is not this OAuth client's",
    ("redirect_uri_mismatch", "Bad Request"): "the redirect address is not the one in the link",
}
SETTINGS = {
    "admin_policy_enforced": "An administrator can allow the application in the Google Admin console, API controls.",
    "org_internal": "The application is Internal: only people of its own organisation can use it. "
    "Its owner can make it External in the Google Cloud console, under Audience.",
    "access_denied": "If the application is in Testing, its owner can add the person as a test user, or publish it.",
    "unauthorized_client": "The grant belongs to another OAuth client: add that one, or ask the person with this one.",
}
# For an assertion `invalid_grant` says many things, and only its description says which.
BROKEN_KEY = ("Invalid JWT Signature", "No valid verifier found", "Robot is disabled")
UNKNOWN_SUBJECT = ("Not a valid email", "Invalid email or User ID", "Invalid impersonation")
OUR_CLOCK = "Token must be a short-lived token"
NEW_KEY = (
    "Make a new key in the Google Cloud console, under IAM, Service accounts, and run `mailgrant client add KEY.json`"
)
WEEKLY = (
    "Ask the person again with `mailgrant login`. If this comes every seven days, the project's publishing status is "
    "Testing: publish it in the Google Cloud console, under Audience, and then ask."
)
LONGEST_QUOTE = 200


class About(TypedDict):
    """What every GoogleError carries."""

    status: int
    reason: str
    operation: str


@dataclass(frozen=True, slots=True)
class Complaint:
    """The error of RFC 6749 §5.2, or of Google's API envelope, which the token endpoint uses too."""

    code: str
    description: str = field(kw_only=True)
    subtype: str = field(kw_only=True, default="")

    @classmethod
    def from_response(cls, response: Response) -> Complaint:
        """Read the body, whatever it holds; one that is not an error of Google's has no code."""
        try:
            values = response.json()
        except (ValueError, RecursionError):
            return cls("", description="")
        error = values.get("error")
        if isinstance(error, dict):
            return cls(_word(error.get("status")), description=_quotable(error.get("message")))
        return cls(
            _word(error),
            description=_quotable(values.get("error_description")),
            subtype=_word(values.get("error_subtype")),
        )

    @property
    def meaning(self) -> str:
        """What went wrong, as the middle of a sentence."""
        if self.subtype in SIGN_IN_AGAIN or self.code in SIGN_IN_AGAIN:
            return "the organisation wants its people to sign in again from time to time"
        quoted = self.description.rstrip(".")
        return MEANINGS.get((self.code, self.description), quoted) or "Google did not say why"


def refusal(response: Response, *, account: str | None, operation: str = "oauth2.token") -> MailgrantError:
    """Return the error that a refused answer means, for the grant of `account` if it is about one."""
    complaint = Complaint.from_response(response)
    about = About(status=response.status, reason=complaint.code, operation=operation)
    passing = _passing(response, complaint, about)
    if passing is not None:
        return passing
    whom = account or "the person"
    named = f"{complaint.meaning} ({complaint.code})"
    if complaint.code in DEAD:
        lapsed = complaint.description == "Token has been expired or revoked."
        return GrantRevoked(f"Google refuses the grant of {whom}: {named}.", hint=WEEKLY if lapsed else "")
    if complaint.code in BROKEN_CLIENT:
        return ClientBroken(f"Google does not accept the OAuth client: {named}.", **about)
    if complaint.code in FORBIDDEN:
        hint = SETTINGS[complaint.code]
        return AdminRefused(f"Google does not allow this for {whom}: {named}.", hint=hint, **about)
    return InvalidRequest(f"Google found the request unacceptable: {named}.", **about)


def code_refusal(response: Response) -> MailgrantError:
    """Return the error that a refused code means: here `invalid_grant` speaks of the code, not of a grant."""
    error = refusal(response, account=None)
    if not isinstance(error, GrantRevoked):
        return error
    return ConsentError(
        f"Google does not accept the code: {Complaint.from_response(response).meaning}.",
        hint="A code works once, within ten minutes. Begin a new consent.",
    )


def assertion_refusal(response: Response, key: ServiceAccountKey, *, subject: str, scopes: Scopes) -> MailgrantError:
    """
    Return the error that a refused assertion means; no grant dies of it, for nobody's consent ended.

    What the organisation has not allowed carries the line that its administrator pastes.
    """
    complaint = Complaint.from_response(response)
    about = About(status=response.status, reason=complaint.code, operation="oauth2.token")
    passing = _passing(response, complaint, about)
    if passing is not None:
        return passing
    named = f"{complaint.meaning} ({complaint.code})"
    if complaint.code in BROKEN_CLIENT or _says(complaint, BROKEN_KEY):
        return ClientBroken(
            f"Google does not accept the service account {key.client_email}: {named}.",
            hint=f"{NEW_KEY}; no grant was lost.",
            **about,
        )
    if _says(complaint, UNKNOWN_SUBJECT):
        return NotFound(f"Google does not know {subject}, for whom the service account was to act.", **about)
    if _says(complaint, (OUR_CLOCK,)):
        return InvalidRequest(
            "Google does not accept the time in the assertion.", hint="Set this machine's clock.", **about
        )
    if complaint.code in FORBIDDEN:
        return _not_delegated(complaint, key, subject, scopes, about)
    return InvalidRequest(f"Google found the assertion unacceptable: {named}.", **about)


def _not_delegated(
    complaint: Complaint, key: ServiceAccountKey, subject: str, scopes: Scopes, about: About
) -> AdminRefused:
    """The error for a service account that may not do this for this person."""
    hint = SETTINGS[complaint.code]
    if complaint.code in ("unauthorized_client", "access_denied"):
        hint = (
            "An administrator can allow it in the Google Admin console, under Security, API controls, Domain-wide "
            f"delegation: {delegation_line(key.client_id, scopes)} (it takes from minutes to a day to work)"
        )
    message = f"The organisation of {subject} does not allow the service account {key.client_email} to do this"
    return AdminRefused(f"{message}: {complaint.meaning} ({complaint.code}).", hint=hint, **about)


def _says(complaint: Complaint, phrases: tuple[str, ...]) -> bool:
    return complaint.code in ("invalid_grant", "invalid_request") and any(
        phrase in complaint.description for phrase in phrases
    )


def _passing(response: Response, complaint: Complaint, about: About) -> MailgrantError | None:
    """Return the error for what time may mend, and for what Google never said."""
    if response.status == 429 or complaint.code in SLOW_DOWN:
        return RateLimited("Google asks to slow down.", **about)
    if response.status >= 500 or complaint.code in PASSING:
        return ServerError(f"Google failed to answer: {complaint.meaning} (status {response.status}).", **about)
    if not complaint.code:
        return ServerError(
            f"Somebody answered for Google, with status {response.status} and nothing that Google says.",
            hint="Try again in a moment; a proxy or a network's sign-in page may be in the way.",
            **about,
        )
    return None


def _word(value: Any) -> str:
    """Return an error's name; anything else is none, and is not repeated to anybody."""
    plain = isinstance(value, str) and value.isascii() and value.replace("_", "").isalnum()
    return value[:LONGEST_QUOTE] if plain else ""


def _quotable(value: Any) -> str:
    return value[:LONGEST_QUOTE] if isinstance(value, str) and value.isprintable() else ""
