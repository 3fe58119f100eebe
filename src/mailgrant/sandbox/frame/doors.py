"""
Doors: every path of this Google that is not an API method, and what a request is let in as.

`Doors.admit` finds out what a request is and what goes wrong with it; the work itself comes after,
because a fault may have to happen before it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

from mailgrant.sandbox.clock import real_now
from mailgrant.sandbox.control.calls import CONTROL, Control
from mailgrant.sandbox.control.faults import Effect, header_effect
from mailgrant.sandbox.frame.api import Api, Route, refusal
from mailgrant.sandbox.frame.batch import read_parts, write_answers
from mailgrant.sandbox.frame.directory import Directory
from mailgrant.sandbox.frame.discovery import CALENDAR, GMAIL
from mailgrant.sandbox.frame.errors import html_error, not_found_page
from mailgrant.sandbox.frame.wire import Answer, ApiError, HttpRequest
from mailgrant.sandbox.journal import Entry
from mailgrant.sandbox.oauth import consent as consent_pages
from mailgrant.sandbox.oauth.clients import LOOPBACK_HOSTS
from mailgrant.sandbox.oauth.consent import ConsentDesk
from mailgrant.sandbox.oauth.device import PAGE, DeviceDesk
from mailgrant.sandbox.oauth.forms import redirect
from mailgrant.sandbox.oauth.identity import IdentityDesk
from mailgrant.sandbox.oauth.self_signed import adopt
from mailgrant.sandbox.oauth.service_accounts import CERTIFICATES
from mailgrant.sandbox.oauth.token_endpoint import TokenDesk

if TYPE_CHECKING:
    from mailgrant.sandbox.sandbox import Sandbox

Work: TypeAlias = Callable[[HttpRequest, Entry], Answer]
Describe: TypeAlias = Callable[[HttpRequest, Entry], None]

GOOGLES = ("google.com", "googleapis.com")
# The first is in Gmail's discovery document, the others in the documentation.
BATCHES = {"/batch": GMAIL, "/batch/gmail/v1": GMAIL, "/batch/calendar/v3": CALENDAR}


@dataclass(frozen=True, slots=True)
class Door:
    """What stands behind one path; `operation` is its name in the log, empty if it is not logged."""

    operation: str
    work: Work
    describe: Describe | None = None


@dataclass(slots=True)
class Admission:
    """
    A request that was let in: what it will do, what goes wrong with it, and its entry in the log.

    `parts` are the calls of a batch. `closed` once its entry is written.
    """

    request: HttpRequest
    entry: Entry
    work: Callable[[], Answer] = field(repr=False)
    effect: Effect | None = None
    logged: bool = True
    api: str | None = None
    parts: list[Admission] = field(default_factory=list, repr=False)
    closed: bool = False

    @property
    def writes(self) -> bool:
        """False for what only reads: the GETs of the APIs, and of what stands in no log."""
        return self.request.verb != "GET" or (self.logged and self.api is None)


class Doors:
    """All the ways into one sandbox."""

    def __init__(self, world: Sandbox, api: Api) -> None:
        self._world = world
        self._api = api
        self._control = Control(world)
        identity = IdentityDesk(world)
        self._robot_certificates = Door("oauth2.certs", identity.robot_pem)
        devices = DeviceDesk(world)
        self._doors = _table(TokenDesk(world, devices), identity, ConsentDesk(world)) | _for_devices(devices)
        self._doors |= _directory(Directory(world))

    def admit(self, request: HttpRequest) -> Admission:
        """Find out what a request is, and what goes wrong with it."""
        request = _overridden(request)
        path = request.raw_path
        entry = Entry(real_now(), method="", verb=request.verb, path=path)
        if path == "/" or path.startswith(CONTROL):
            work = _to_control if path == "/" else self._control.answer
            return Admission(request, entry, lambda: work(request), logged=False)
        door = self._doors.get((request.verb, path))
        if door is None and path.startswith(CERTIFICATES) and request.verb == "GET":
            door = self._robot_certificates
        if door is not None:
            admission = self._through(door, request, entry)
        elif request.verb == "POST" and path in BATCHES:
            admission = self._batch(BATCHES[path], request, entry)
        else:
            admission = self._to_api(self._api.find(request), request, entry)
        try:
            admission.effect = self._effect(admission) if admission.logged else None
            if admission.effect is None and admission.parts:
                admission.effect = next((part.effect for part in admission.parts if _cuts(part)), None)
        except ValueError as error:
            work = partial(html_error, 400, f"X-Sandbox-Fault: {error}")
            return Admission(request, entry, work, parts=admission.parts)
        entry.fault = str(admission.effect) if admission.effect else None
        return admission

    def _batch(self, api: str, outer: HttpRequest, entry: Entry) -> Admission:
        """
        Let in a batch and each of its calls, which are in the log like any other.

        All are under way at once. What a fault of one does to the connection, it does to all of them.
        """
        entry.method = "batch"
        try:
            parts = read_parts(api, outer)
        except ApiError as error:
            return Admission(outer, entry, partial(refusal, error, api, outer), api=api)
        admitted = [self._admit_part(part.request) for part in parts]

        def work() -> Answer:
            return write_answers(parts, [_whole_or_half(part, self._world.perform(part)) for part in admitted])

        return Admission(outer, entry, work, api=api, parts=admitted)

    def _admit_part(self, request: HttpRequest) -> Admission:
        route = self._api.find(request)
        if route is None or route.target.upload:
            entry = Entry(real_now(), method="", verb=request.verb, path=request.raw_path)
            return Admission(request, entry, lambda: not_found_page(request.path), logged=False)
        return self.admit(request)

    def _through(self, door: Door, request: HttpRequest, entry: Entry) -> Admission:
        entry.method = door.operation
        if door.describe is not None:
            door.describe(request, entry)
        return Admission(request, entry, lambda: door.work(request, entry), logged=bool(door.operation))

    def _to_api(self, route: Route | None, request: HttpRequest, entry: Entry) -> Admission:
        if route is None:
            return Admission(request, entry, lambda: not_found_page(request.path))
        entry.method = route.method.id
        token = self._api.token(route)
        if token is None and route.bearer is not None:
            adopt(self._world, route.bearer)
            token = self._api.token(route)
        if token is not None:
            entry.account, entry.client_id = token.email, token.client_id
            if route.method.api == GMAIL:
                entry.under_way = self._world.ledger.enter(token.email)
        return Admission(request, entry, lambda: self._api.answer(route, request, entry), api=route.method.api)

    def _effect(self, admission: Admission) -> Effect | None:
        """Return the fault that a request brings itself, else the first that waits for one like it."""
        own = admission.request.headers.get("x-sandbox-fault")
        if own is not None:
            return header_effect(own)
        entry = admission.entry
        return self._world.faults.take(entry.method, entry.path, entry.account)


def _whole_or_half(part: Admission, answer: Answer) -> Answer:
    """Return a part's answer, half of it where a fault breaks it off."""
    if part.effect is not None and part.effect.truncate:
        answer.body = answer.body[: len(answer.body) // 2]
    return answer


def _cuts(part: Admission) -> bool:
    return part.effect is not None and part.effect.is_of_connection


def _overridden(request: HttpRequest) -> HttpRequest:
    """Apply X-HTTP-Method-Override: long queries come as a POSTed form, PATCH as POST."""
    verb = request.headers.get("x-http-method-override")
    if verb is None or request.verb != "POST":
        return request
    if verb == "GET" and request.media_type == "application/x-www-form-urlencoded":
        joiner = "&" if "?" in request.target else "?"
        target = f"{request.target}{joiner}{request.body.decode('latin-1')}"
        return HttpRequest("GET", target, headers=request.headers)
    return HttpRequest(verb.upper(), request.target, headers=request.headers, body=request.body)


def _to_control(_: HttpRequest) -> Answer:
    return redirect(CONTROL)


def _table(tokens: TokenDesk, identity: IdentityDesk, consent: ConsentDesk) -> dict[tuple[str, str], Door]:
    """Return the doors by verb and path, Google's aliases included."""
    auth = Door("oauth2.auth", consent.begin)
    token = Door("oauth2.token", tokens.token, tokens.describe)
    revoke = Door("oauth2.revoke", tokens.revoke)
    old_info = Door("oauth2.tokeninfo", identity.tokeninfo_v2, identity.describe)
    new_info = Door("oauth2.tokeninfo", identity.tokeninfo_v3, identity.describe)
    old_user = Door("oauth2.userinfo", identity.userinfo_v2, identity.describe)
    new_user = Door("oauth2.userinfo", identity.userinfo_v3, identity.describe)
    behind = {
        ("GET", "/o/oauth2/v2/auth", "/o/oauth2/auth"): auth,
        ("POST", "/token", "/o/oauth2/token", "/oauth2/v3/token", "/oauth2/v4/token"): token,
        ("POST", "/revoke", "/o/oauth2/revoke"): revoke,
        ("GET", "/o/oauth2/revoke"): revoke,
        ("GET", "/oauth2/v1/tokeninfo", "/oauth2/v2/tokeninfo"): old_info,
        ("POST", "/oauth2/v1/tokeninfo", "/oauth2/v2/tokeninfo"): old_info,
        ("GET", "/tokeninfo", "/oauth2/v3/tokeninfo"): new_info,
        ("POST", "/tokeninfo", "/oauth2/v3/tokeninfo"): new_info,
        ("GET", "/oauth2/v1/userinfo", "/oauth2/v2/userinfo", "/userinfo/v2/me"): old_user,
        ("GET", "/v1/userinfo", "/oauth2/v3/userinfo"): new_user,
        ("POST", "/v1/userinfo", "/oauth2/v3/userinfo"): new_user,
        ("GET", "/oauth2/v3/certs", "/oauth2/v2/certs"): Door("oauth2.certs", identity.jwks),
        ("GET", "/oauth2/v1/certs"): Door("oauth2.certs", identity.pem),
        ("GET", "/.well-known/openid-configuration"): Door("oauth2.metadata", identity.metadata),
    }
    table = {(verb, path): door for (verb, *paths), door in behind.items() for path in paths}
    # What people see on the way is not in the log: it is one authorization, however many pages it takes.
    steps = {
        consent_pages.CHOOSER: consent.chooser,
        consent_pages.WARNING: consent.warning,
        consent_pages.CONSENT: consent.consent,
    }
    table |= {(verb, path): Door("", work) for path, work in steps.items() for verb in ("GET", "POST")}
    return table | {("GET", consent_pages.FAILURE): Door("", consent.failure)}


def _for_devices(devices: DeviceDesk) -> dict[tuple[str, str], Door]:
    """Return the doors of the device flow; its page is one step of an authorization, which the log has already."""
    begin, page = Door("oauth2.device", devices.begin), Door("", devices.page)
    addresses = {("POST", path): begin for path in ("/device/code", "/o/oauth2/device/code")}
    return addresses | {(verb, PAGE): page for verb in ("GET", "POST")}


def _directory(directory: Directory) -> dict[tuple[str, str], Door]:
    """Return the doors of the discovery service."""
    works = {
        "/discovery/v1/apis/gmail/v1/rest": directory.gmail,
        "/discovery/v1/apis/calendar/v3/rest": directory.calendar,
        "/$discovery/rest": directory.of_host,
    }
    return {("GET", path): Door("discovery", work) for path, work in works.items()}


def own_origin(request: HttpRequest, *, anywhere: bool) -> str | None:
    """
    Return `http://host:port` of a request sent to loopback, None for Google's own names.

    With `anywhere`, a sandbox that others can reach knows itself by any name but Google's.
    """
    host = request.headers.get("host", "")
    name = urlsplit(f"//{host}").hostname or ""
    own = name in LOOPBACK_HOSTS or (anywhere and bool(name) and not name.endswith(GOOGLES))
    return f"http://{host}" if own else None
