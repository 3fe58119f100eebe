"""
Verdicts on a token answer that is not a success.

The type of the error is the verdict, and it decides what becomes of a grant: `GrantRevoked` means
dead, `ClientBroken` that our client is at fault and no grant is, `AdminRefused` that policy forbids
it for this one; everything else is passing, or our own mistake, and the grant is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mailgrant.errors import (
    AdminRefused,
    ClientBroken,
    GrantRevoked,
    InvalidRequest,
    MailgrantError,
    RateLimited,
    ServerError,
)
from mailgrant.http import Response

DEAD = frozenset({"invalid_grant", "invalid_rapt", "rapt_required"})
BROKEN_CLIENT = frozenset({"invalid_client", "deleted_client", "disabled_client"})
FORBIDDEN = frozenset({"admin_policy_enforced", "org_internal", "access_denied", "unauthorized_client"})
PASSING = frozenset({"internal_failure", "temporarily_unavailable", "server_error", "backendError"})

# Google's descriptions, in words that help; anything else is quoted.
MEANINGS = {
    "Token has been expired or revoked.": "the grant has expired or was revoked at Google",
    "Bad Request": "Google no longer knows this grant",
    "Account has been deleted": "the account was deleted",
    "The account has been deleted": "the account was deleted",
    "reauth related error (invalid_rapt)": "the organisation wants its people to sign in again",
}
SETTINGS = {
    "admin_policy_enforced": "An administrator can allow the application in the Google Admin console, API controls.",
    "org_internal": "The application is Internal: only people of its own organisation can use it.",
    "access_denied": "The application is being tested: add the person as a test user, or publish it.",
    "unauthorized_client": "The grant belongs to another OAuth client: ask again with this one.",
}


@dataclass(frozen=True, slots=True)
class Complaint:
    """The error of RFC 6749 §5.2, or of Google's API envelope, which the token endpoint uses too."""

    code: str
    description: str

    @classmethod
    def from_response(cls, response: Response) -> Complaint:
        """Read the body whatever it holds."""
        try:
            values = response.json()
        except ValueError:
            return cls("", "")
        error = values.get("error")
        if isinstance(error, dict):
            return cls(str(error.get("status", "")), str(error.get("message", "")))
        code = str(values.get("error_subtype") or "") if error == "invalid_grant" else ""
        return cls(code or str(error or ""), str(values.get("error_description") or ""))


def refusal(response: Response, *, account: str | None, operation: str = "oauth2.token") -> MailgrantError:
    """Return the error that a refused token answer means, for the grant of `account` if it is about one."""
    complaint = Complaint.from_response(response)
    whom = account or "the person"
    text = MEANINGS.get(complaint.description, complaint.description.rstrip(".") or f"status {response.status}")
    about: dict[str, Any] = {"status": response.status, "reason": complaint.code, "operation": operation}
    if response.status == 429:
        return RateLimited(f"Google asks to slow down: {text}.", **about)
    if response.status >= 500 or not complaint.code or complaint.code in PASSING:
        return ServerError(f"Google failed to answer a token request: {text}.", **about)
    if complaint.code in DEAD:
        return GrantRevoked(f"Google refuses the grant of {whom}: {text}.")
    if complaint.code in BROKEN_CLIENT:
        return ClientBroken(f"Google does not accept the OAuth client: {text} ({complaint.code}).", **about)
    if complaint.code in FORBIDDEN:
        hint = SETTINGS[complaint.code]
        return AdminRefused(f"Google does not allow this for {whom}: {text} ({complaint.code}).", hint=hint, **about)
    return InvalidRequest(f"Google found the token request unacceptable: {text} ({complaint.code}).", **about)
