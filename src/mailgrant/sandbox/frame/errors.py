"""
How the two APIs say no: Gmail in the newer One Platform form, Calendar in the older dialect.

Only what every method shares is here (credentials, scopes, unknown things); what a handler refuses
it says itself, with `ApiError`.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from mailgrant.sandbox.frame.discovery import CALENDAR, GMAIL, SERVICES, ApiMethod
from mailgrant.sandbox.frame.wire import Answer, ApiError

REALM = 'Bearer realm="https://accounts.google.com/"'
CREDENTIAL_TAIL = (
    "Expected OAuth 2 access token, login cookie or other valid authentication credential. "
    "See https://developers.google.com/identity/sign-in/web/devconsole-project."
)
API_TITLES = {GMAIL: "Gmail API", CALENDAR: "Google Calendar API"}
CANONICAL = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
}


def encode(error: ApiError, api: str, *, bare: bool = False) -> dict[str, Any]:
    """
    Return an error's body in an API's dialect.

    `bare` leaves `errors[]` out, as the system parameter `$.xgafv=2` asks.
    """
    body: dict[str, Any] = {"code": error.status, "message": error.message}
    classic = {"errors": [_item(error)]}
    if api == CALENDAR:
        shared = {"status": canonical(error), "details": list(error.details)} if error.details else {}
        return {"error": {**classic, **body, **shared}}
    status = {"status": canonical(error)}
    details = {"details": list(error.details)} if error.details else {}
    return {"error": {**body, **({} if bare else classic), **status, **details}}


def canonical(error: ApiError) -> str:
    """Return Google's status word for an error."""
    return error.canonical or CANONICAL.get(error.status, "UNKNOWN")


def _item(error: ApiError) -> dict[str, str]:
    item = {"message": error.inner or error.message, "domain": error.domain, "reason": error.reason}
    extras = {"location": error.location, "locationType": error.location_type, "extendedHelp": error.extended_help}
    return item | {name: value for name, value in extras.items() if value is not None}


def missing_credential(method: ApiMethod) -> ApiError:
    """Return the answer to a call without a token."""
    return ApiError(
        401,
        "required",
        f"Request is missing required authentication credential. {CREDENTIAL_TAIL}",
        inner="Login Required.",
        location="Authorization",
        location_type="header",
        details=[error_info("CREDENTIALS_MISSING", method)],
        headers=[("WWW-Authenticate", REALM)],
    )


def bad_credential(method: ApiMethod) -> ApiError:
    """Return the answer to a token that is unknown, expired or revoked."""
    gmail = f"Request had invalid authentication credentials. {CREDENTIAL_TAIL}"
    return ApiError(
        401,
        "authError",
        gmail if method.api == GMAIL else "Invalid Credentials",
        inner="Invalid Credentials",
        location="Authorization",
        location_type="header",
        headers=[("WWW-Authenticate", f'{REALM}, error="invalid_token"')],
    )


def insufficient_scopes(method: ApiMethod) -> ApiError:
    """Return the answer to a token that holds none of the method's scopes."""
    accepted = " ".join(sorted(method.scopes))
    return ApiError(
        403,
        "insufficientPermissions",
        "Request had insufficient authentication scopes.",
        inner="Insufficient Permission",
        details=[error_info("ACCESS_TOKEN_SCOPE_INSUFFICIENT", method)],
        headers=[("WWW-Authenticate", f'{REALM}, error="insufficient_scope", scope="{accepted}"')],
    )


def delegation_denied(address: str) -> ApiError:
    """Return the answer to a token used on another person's mailbox."""
    return ApiError(403, "forbidden", f"Delegation denied for {address}")


def api_disabled(method: ApiMethod, project: str) -> ApiError:
    """Return the answer to a project that has not switched the API on."""
    title, service = API_TITLES[method.api], SERVICES[method.api]
    page = f"https://console.developers.google.com/apis/api/{service}/overview?project={project}"
    message = (
        f"{title} has not been used in project {project} before or it is disabled. Enable it by visiting {page} "
        "then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our "
        "systems and retry."
    )
    link = {"description": "Google developers console API activation", "url": page}
    metadata = {"consumer": f"projects/{project}", "service": service, "serviceTitle": title}
    metadata |= {"containerInfo": project, "activationUrl": page}
    details: list[Mapping[str, Any]] = [
        {"@type": "type.googleapis.com/google.rpc.Help", "links": [link]},
        error_info("SERVICE_DISABLED", method) | {"metadata": metadata},
    ]
    help_page = "https://console.developers.google.com"
    return ApiError(403, "accessNotConfigured", message, domain="usageLimits", extended_help=help_page, details=details)


def apps_disabled(api: str) -> ApiError:
    """Return the answer to a person whose administrator lets no application in."""
    name = "Gmail" if api == GMAIL else "Calendar"
    return ApiError(403, "domainPolicy", f"The domain administrators have disabled {name} apps.")


def no_mailbox(*, robot: bool) -> ApiError:
    """Return the answer to an account that has no mailbox: a service account, or one never set up."""
    message = "Precondition check failed." if robot else "Mail service not enabled"
    return ApiError(400, "failedPrecondition", message, canonical="FAILED_PRECONDITION")


def not_built(method: ApiMethod) -> ApiError:
    """Return the answer to a method that Google has and this sandbox does not."""
    return ApiError(501, "notImplemented", f"This sandbox does not play {method.id} yet; Google does.")


def internal_error() -> ApiError:
    """Return what Google says when something inside it broke."""
    return ApiError(500, "backendError", "Internal error encountered.")


def error_info(reason: str, method: ApiMethod) -> dict[str, Any]:
    """Return the machine-readable detail that the shared front end adds (google.rpc.ErrorInfo)."""
    return {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": {"service": SERVICES[method.api], "method": method.rpc_name},
    }


def bad_request(field: str, description: str) -> Mapping[str, Any]:
    """Return the detail that names the offending field (google.rpc.BadRequest)."""
    violation = {"field": field, "description": description} if field else {"description": description}
    return {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}


def not_found_page(path: str) -> Answer:
    """Return the HTML page of a path that leads nowhere; Google never answers 405."""
    return html_error(404, f"The requested URL {path} was not found on this server.")


def html_error(status: int, sentence: str) -> Answer:
    """Return an error as a small HTML page, as Google's front end does for what is no API."""
    from html import escape

    phrase = HTTPStatus(status).phrase
    page = (
        f'<!DOCTYPE html>\n<html lang="en">\n<meta charset="utf-8">\n<title>Error {status} ({phrase})</title>\n'
        f"<p><b>{status}.</b> {phrase}.\n<p>{escape(sentence)}\n"
    )
    headers = [("Content-Type", "text/html; charset=UTF-8"), ("Referrer-Policy", "no-referrer")]
    return Answer(status, headers=headers, body=page.encode())
