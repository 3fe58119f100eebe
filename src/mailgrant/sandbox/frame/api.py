"""
The way into the two APIs: who is calling, may they, is the call well formed, and how it is answered.

Everything here is read from the discovery documents; what a method does is its handler's.
"""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mailgrant.sandbox.frame import errors
from mailgrant.sandbox.frame.bodies import read_body
from mailgrant.sandbox.frame.discovery import CALENDAR, GMAIL, ApiMethod, methods
from mailgrant.sandbox.frame.masks import BadMask, apply, mask_for
from mailgrant.sandbox.frame.resumable import Session, Sessions, go_on, receive
from mailgrant.sandbox.frame.routes import Routes
from mailgrant.sandbox.frame.uploads import MAX_JSON, read_upload, too_large
from mailgrant.sandbox.frame.validate import read_parameters, unreadable
from mailgrant.sandbox.frame.wire import Answer, ApiCall, ApiError, Handler, HttpRequest, Media
from mailgrant.sandbox.journal import Entry
from mailgrant.sandbox.oauth.tokens import AccessToken

if TYPE_CHECKING:
    from mailgrant.sandbox.people import Person
    from mailgrant.sandbox.sandbox import Sandbox

JSON = "application/json; charset=UTF-8"
SHARED_HEADERS = [
    ("Vary", "Origin"),
    ("Vary", "X-Origin"),
    ("Vary", "Referer"),
    ("Server", "ESF"),
    ("Cache-Control", "private"),
    ("X-Content-Type-Options", "nosniff"),
]
# Smaller answers gain nothing from gzip.
WORTH_ZIPPING = 256

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Target:
    """A method behind a path; `upload` when the path is one of its upload paths."""

    method: ApiMethod
    upload: bool


@dataclass(slots=True)
class Route:
    """
    What a request was found to call, with the token that it carries.

    `session` is the resumable upload that it goes on with.
    """

    target: Target
    values: Mapping[str, str]
    bearer: str | None = field(repr=False)
    session: Session | None = None

    @property
    def method(self) -> ApiMethod:
        """The method called."""
        return self.target.method


class Api:
    """Gmail and Calendar as one table of methods."""

    def __init__(self, world: Sandbox, handlers: Mapping[str, Handler]) -> None:
        self._world = world
        self._handlers = handlers
        self._sessions = Sessions()
        self._routes: Routes[Target] = Routes()
        for api in (GMAIL, CALENDAR):
            for method in methods(api):
                self._add(method)

    def _add(self, method: ApiMethod) -> None:
        self._routes.add(method.http_method, method.segments, Target(method, upload=False))
        for segments in method.upload_segments:
            self._routes.add(method.http_method, segments, Target(method, upload=True))

    def find(self, request: HttpRequest) -> Route | None:
        """Return what a request calls, None if that is nothing."""
        if "upload_id=" in request.target:
            session = self._sessions.find(request)
            if session is None:
                return None
            return Route(session.route.target, session.route.values, bearer(request), session)
        found = self._routes.find(request.verb, request.raw_path)
        return None if found is None else Route(*found, bearer(request))

    def token(self, route: Route) -> AccessToken | None:
        """Return the access token a request carries, dead or alive, for the log and for faults."""
        return self._world.tokens.access_seen(route.bearer or "")

    def answer(self, route: Route, request: HttpRequest, entry: Entry) -> Answer:
        """Carry out one call and return its answer, refusals included; what it cost goes into its entry."""
        try:
            if route.session is not None:
                return self._go_on(route, route.session, request, entry)
            if route.target.upload and "uploadType=resumable" in request.target:
                return self._open(route, request)
            token, person = self._authenticate(route)
            return self._call(route, request, token, person, entry)
        except ApiError as error:
            return refusal(error, route.method.api, request)
        except Exception:
            log.exception("a handler failed: method=%s", route.method.id)
            return refusal(errors.internal_error(), route.method.api, request)

    def _call(
        self,
        route: Route,
        request: HttpRequest,
        token: AccessToken,
        person: Person,
        entry: Entry,
        uploaded: Media | None = None,
    ) -> Answer:
        """Let a handler do one call; `uploaded` is a mail that came in pieces before."""
        method = route.method
        entry.units = self._world.ledger.spend(method, person.email, token.project, entry.under_way)
        call = self._admitted(route, request, token, person, uploaded)
        handler = self._handlers.get(method.id)
        if handler is None:
            raise errors.not_built(method)
        return _written(call, handler(call), request)

    def _open(self, route: Route, request: HttpRequest) -> Answer:
        """Open a resumable upload, unless the call could not be made anyway."""
        token, person = self._authenticate(route)
        self._admitted(route, request, token, person, Media("", b""))
        base = self._world.origin(request) or f"https://{request.headers.get('host', 'gmail.googleapis.com')}"
        return self._sessions.begin(route, request, base)

    def _go_on(self, route: Route, session: Session, request: HttpRequest, entry: Entry) -> Answer:
        """Take a piece of a resumable upload; the last one is answered as the call."""
        token, person = self._authenticate(route)
        if session.answer is not None:
            return replace(session.answer)
        whole = receive(session, request)
        if whole is None:
            raise unreadable("Failed to parse Content-Range header.", "")
        if len(session.received) > session.route.method.max_upload:
            raise too_large(session.route.method.max_upload)
        if not whole:
            return go_on(session)
        self._sessions.end(session)
        answer = self._call(session.route, session.opening, token, person, entry, session.media())
        self._sessions.keep(session, answer)
        return answer

    def _admitted(
        self, route: Route, request: HttpRequest, token: AccessToken, person: Person, uploaded: Media | None
    ) -> ApiCall:
        """Check what is called; raises `ApiError` in the order in which Google looks."""
        method = route.method
        params = read_parameters(method, route.values, request.query)
        if method.api == GMAIL and params["userId"].casefold() not in {"me", person.email.casefold()}:
            raise errors.delegation_denied(person.email)
        body, media = _content(route.target, request, uploaded)
        return ApiCall(
            method,
            self._world,
            person,
            token.scopes,
            self._world.clock.now(),
            project=token.project,
            params=params,
            body=body,
            media=media,
            headers=request.headers,
        )

    def _authenticate(self, route: Route) -> tuple[AccessToken, Person]:
        method = route.method
        if route.bearer is None:
            raise errors.missing_credential(method)
        token = self._world.tokens.access(route.bearer)
        person = self._world.people.find(token.email) if token else None
        if token is None or person is None:
            raise errors.bad_credential(method)
        if token.scopes.isdisjoint(method.scopes):
            raise errors.insufficient_scopes(method)
        self._check_service(method, token, person)
        return token, person

    def _check_service(self, method: ApiMethod, token: AccessToken, person: Person) -> None:
        """Refuse where the project, the organisation or the account has not got the service."""
        policies = self._world.policies
        if not policies.is_enabled(method.api, token.project):
            raise errors.api_disabled(method, token.project)
        if not policies.allows_apps(method.api, person.email):
            raise errors.apps_disabled(method.api)
        if method.api == GMAIL and not person.gmail:
            raise errors.no_mailbox(robot=person.robot)


def bearer(request: HttpRequest) -> str | None:
    """Return the token a request carries in its header or, as Google still allows, in its query."""
    header = request.headers.get("authorization", "")
    text = header[7:].strip() if header[:7].lower() == "bearer " else ""
    if text:
        return text
    if "_token=" not in request.target:
        return None
    return next((value for name, value in request.query if name in {"access_token", "oauth_token"}), None)


def _content(target: Target, request: HttpRequest, uploaded: Media | None) -> tuple[dict[str, Any], Media | None]:
    if target.upload and uploaded is None:
        content, media = read_upload(target.method, request)
        return read_body(target.method, content), media
    if len(request.body) > MAX_JSON:
        raise too_large(MAX_JSON)
    return read_body(target.method, request.body), uploaded


def _written(call: ApiCall, resource: dict[str, Any] | bytes | None, request: HttpRequest) -> Answer:
    if resource is None:
        return Answer(204, headers=list(SHARED_HEADERS))
    headers = [("Content-Type", JSON), *SHARED_HEADERS]
    text, pretty = call.params.get("fields"), call.params.get("prettyPrint") not in {"false", "0"}
    if isinstance(resource, bytes) and pretty and text is None:
        return _zipped(Answer(200, headers=headers, body=resource), request)
    value: dict[str, Any] = json.loads(resource) if isinstance(resource, bytes) else resource
    if text is not None:
        value = _masked(call.method, text, value)
    if call.method.api == CALENDAR and isinstance(value.get("etag"), str):
        headers.append(("ETag", value["etag"]))
    return _zipped(Answer(200, headers=headers, body=dump(value, pretty=pretty)), request)


def _masked(method: ApiMethod, text: str, value: dict[str, Any]) -> dict[str, Any]:
    try:
        masked: dict[str, Any] = apply(mask_for(method.api, method.response or "", text), value)
    except BadMask as error:
        if method.api == CALENDAR:
            message = f"Invalid field selection {error.path}"
            raise ApiError(400, "invalidParameter", message, location="fields", location_type="parameter") from error
        description = f"Error expanding 'fields' parameter. Cannot find matching fields for path '{error.path}'."
        refused = unreadable("Request contains an invalid argument.", "")
        refused.details = [errors.bad_request(error.path, description)]
        raise refused from error
    return masked


def dump(value: object, *, pretty: bool = True) -> bytes:
    """Return JSON as Google writes it: indented by two unless asked otherwise, UTF-8 unescaped."""
    form: dict[str, Any] = {"indent": 2} if pretty else {"separators": (",", ":")}
    try:
        text = json.dumps(value, ensure_ascii=False, **form).encode()
    except UnicodeEncodeError:
        # Half a surrogate pair, from some broken mail, has no UTF-8.
        text = json.dumps(value, **form).encode()
    return text + b"\n" if pretty else text


def refusal(error: ApiError, api: str, request: HttpRequest) -> Answer:
    """Return the answer that carries an error."""
    headers = [("Content-Type", JSON), *SHARED_HEADERS, *error.headers]
    if error.status == 304:
        return Answer(304, headers=headers[1:])
    bare = "xgafv=2" in request.target
    return _zipped(Answer(error.status, headers=headers, body=dump(errors.encode(error, api, bare=bare))), request)


def _zipped(answer: Answer, request: HttpRequest) -> Answer:
    """Compress an answer; Google does so only for a User-Agent that says `gzip` as well."""
    asked = request.headers.get("accept-encoding")
    if asked is None or "gzip" not in asked or "gzip" not in request.headers.get("user-agent", ""):
        return answer
    if len(answer.body) >= WORTH_ZIPPING:
        answer.body = gzip.compress(answer.body, compresslevel=1, mtime=0)
        answer.headers.append(("Content-Encoding", "gzip"))
    return answer
