"""
The pages people see: account chooser, warning, consent, refusal.

They work without JavaScript and with the keyboard alone, and may not be framed or kept.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from mailgrant.sandbox import entropy
from mailgrant.sandbox.frame.wire import Answer, HttpRequest
from mailgrant.sandbox.oauth.scopes import descriptions, device_scopes

if TYPE_CHECKING:
    from jinja2 import Environment

    from mailgrant.sandbox.oauth.authorization import AuthorizationRequest, PageError
    from mailgrant.sandbox.oauth.consent import Question
    from mailgrant.sandbox.people import Person

HEADERS = [
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Frame-Options", "DENY"),
    ("X-Content-Type-Options", "nosniff"),
    # No form-action here: browsers would apply it to the redirect back to the application as well.
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"),
]
VARINT, TEXT = 0, 2
# How the page of a refusal is headed, by its code.
TITLES = {
    "access_denied": "{app} has not completed the Google verification process",
    "invalid_request": "This app's request is invalid",
    "redirect_uri_mismatch": "This app's request is invalid",
}


def chooser(flow: str, asked: AuthorizationRequest, people: list[Person]) -> Answer:
    """Return the page on which an account is chosen."""
    hint = asked.login_hint
    return _page("chooser.html", flow=flow, app=asked.client.name, people=people, hint=hint)


def warning(flow: str, asked: AuthorizationRequest, person: Person) -> Answer:
    """Return the page about an application that Google has not verified."""
    return _page("warning.html", flow=flow, app=asked.client.name, person=person)


def consent(flow: str, asked: AuthorizationRequest, person: Person, question: Question, *, all_ticked: bool) -> Answer:
    """Return the page that asks."""
    return _page(
        "consent.html",
        flow=flow,
        app=asked.client.name,
        person=person,
        question=question,
        says=descriptions(),
        all_ticked=all_ticked,
    )


def over() -> Answer:
    """Return the page of a sign-in that is finished, or was never begun."""
    return _page("over.html", status=400)


def failure(encoded: str, app: str) -> Answer:
    """Return the page that shows a refusal; it is served with status 200."""
    code, message, help_link, status = read_auth_error(encoded)
    title = f"Access blocked: {TITLES.get(code, 'Authorization Error').format(app=app)}"
    return _page("failure.html", title=title, code=code, message=message, help_link=help_link, printed=status)


def device_code(typed: str) -> Answer:
    """Return the page where people type the code of their device; `typed` is one that nothing waits for."""
    return _page("device.html", typed=typed, asked=None, outcome=None)


def device_consent(code: str, app: str, scopes: frozenset[str], people: list[Person]) -> Answer:
    """Return the page that asks for a device."""
    says = [(device_scopes()[scope], scope) for scope in sorted(scopes)]
    asked = {"code": code, "app": app, "says": says, "people": [person for person in people if not person.robot]}
    return _page("device.html", typed=code, asked=asked, outcome=None)


def device_done(app: str, *, allowed: bool, refusal: PageError | None) -> Answer:
    """Return the last page: the person can go back to the device."""
    outcome = {"app": app, "allowed": allowed, "refusal": refusal}
    return _page("device.html", typed="", asked=None, outcome=outcome)


def posting(url: str, fields: dict[str, str]) -> Answer:
    """Return the page that posts an answer to a program: by itself, or at a click where there is no JavaScript."""
    nonce = entropy.opaque(16)
    answer = _page("posting.html", url=url, fields=fields, nonce=nonce)
    policy = f"script-src 'nonce-{nonce}'; "
    named = "Content-Security-Policy"
    answer.headers = [(name, policy + value if name == named else value) for name, value in answer.headers]
    return answer


def ticked(request: HttpRequest) -> list[str]:
    """Return the scopes whose boxes were ticked in a posted consent page."""
    pairs = parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True)
    return [value for name, value in pairs if name == "scope"]


def auth_error(error: PageError, details: dict[str, str]) -> str:
    """
    Return the `authError` parameter: a small protocol buffer in base64url, as Google sends it.

    Fields: 1 the code, 2 the message, 3 a help link, 4 the status, 5 name and value of the request's details.
    """
    pairs = [_text(5, _text(1, name.encode()) + _text(2, value.encode())) for name, value in details.items()]
    raw = b"".join(
        [
            _text(1, error.code.encode()),
            _text(2, error.message.encode()),
            _text(3, error.help_link.encode()) if error.help_link else b"",
            bytes([4 << 3 | VARINT]) + _varint(error.status),
            *pairs,
        ]
    )
    return urlsafe_b64encode(raw).decode().rstrip("=")


def read_auth_error(encoded: str) -> tuple[str, str, str, int]:
    """Return code, message, help link and status of an `authError`; a damaged one reads as empty."""
    found: dict[int, Any] = {1: "unknown_error", 2: "", 3: "", 4: 400}
    try:
        raw = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        position = 0
        while position < len(raw):
            number, kind = raw[position] >> 3, raw[position] & 7
            value, position = _read_varint(raw, position + 1)
            if kind == TEXT:
                start, position = position, position + value
                found[number] = raw[start:position].decode(errors="replace")
            else:
                found[number] = value
    except (ValueError, IndexError):
        return "unknown_error", "This page was opened with a damaged address.", "", 400
    return str(found[1]), str(found[2]), str(found[3]), int(found[4])


def _text(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | TEXT]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    groups = []
    while value > 127:
        groups.append(value & 127 | 128)
        value >>= 7
    return bytes([*groups, value])


def _read_varint(raw: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = raw[position]
        value |= (byte & 127) << shift
        position, shift = position + 1, shift + 7
        if byte < 128:
            return value, position


def _page(name: str, *, status: int = 200, **facts: Any) -> Answer:
    text = templates().get_template(name).render(facts)
    return Answer(status, headers=list(HEADERS), body=text.encode())


@cache
def templates() -> Environment:
    """Return the templates of all pages."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("mailgrant.sandbox", "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
