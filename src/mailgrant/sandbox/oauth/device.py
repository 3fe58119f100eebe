"""
The device flow: a television shows a code, a person types it in a browser, the television asks until it is let in.

Google opens neither Gmail nor Calendar this way; asking for them is refused, as there.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any

from mailgrant.sandbox import entropy
from mailgrant.sandbox.frame.wire import Answer, HttpRequest
from mailgrant.sandbox.journal import Entry
from mailgrant.sandbox.oauth import pages
from mailgrant.sandbox.oauth import scopes as scope_names
from mailgrant.sandbox.oauth.authorization import PageError, check_person
from mailgrant.sandbox.oauth.clients import ClientKind, OAuthClient
from mailgrant.sandbox.oauth.consent import ConsentMode
from mailgrant.sandbox.oauth.forms import OAuthError, UnreadableJson, live_client, read_form, sealed
from mailgrant.sandbox.people import Person

if TYPE_CHECKING:
    from mailgrant.sandbox.sandbox import Sandbox

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
PAGE = "/device"
GOOGLES_PAGE = "https://www.google.com/device"
LIFE = timedelta(seconds=1800)
INTERVAL = timedelta(seconds=5)
# A program that shows more codes than people type is not a television.
OPEN_REQUESTS = 1000


class State(Enum):
    """How far the person is."""

    WAITING = "waiting"
    ALLOWED = "allowed"
    DENIED = "denied"


@dataclass(slots=True)
class DeviceRequest:
    """What one device asks for, and what became of it; `refusal` is what kept the person from allowing it."""

    device_code: str = field(repr=False)
    user_code: str
    client: OAuthClient
    scopes: frozenset[str]
    born: timedelta
    asked: timedelta | None = None
    state: State = State.WAITING
    email: str = ""
    refusal: PageError | None = None


class DeviceDesk:
    """Answers the device endpoint and its page for one sandbox, and tells the token endpoint what became of a code."""

    def __init__(self, world: Sandbox) -> None:
        self._world = world
        self._open: OrderedDict[str, DeviceRequest] = OrderedDict()

    def begin(self, request: HttpRequest, entry: Entry) -> Answer:
        """Answer the device endpoint (RFC 8628 §3.1)."""
        try:
            form = read_form(request)
            client = self._client(form.get("client_id", ""))
            entry.client_id = client.id
            asked = self._keep(client, _scopes(form.get("scope", "")))
        except (OAuthError, UnreadableJson) as refused:
            return refused.answer()
        base = self._world.origin(request)
        told = {
            "device_code": asked.device_code,
            "user_code": asked.user_code,
            "expires_in": int(LIFE.total_seconds()),
            "verification_url": f"{base}{PAGE}" if base else GOOGLES_PAGE,
            "interval": int(INTERVAL.total_seconds()),
        }
        return sealed(told)

    def _client(self, client_id: str) -> OAuthClient:
        if not client_id:
            raise OAuthError(400, "invalid_request", "Missing required parameter: client_id")
        client = live_client(self._world.clients, client_id)
        if client.kind is not ClientKind.LIMITED_INPUT:
            raise OAuthError(401, "invalid_client", "Invalid client type.")
        return client

    def _keep(self, client: OAuthClient, scopes: frozenset[str]) -> DeviceRequest:
        asked = DeviceRequest(
            entropy.device_code(), entropy.user_code(), client=client, scopes=scopes, born=self._world.clock.lived
        )
        self._open[asked.device_code] = asked
        while len(self._open) > OPEN_REQUESTS:
            self._open.popitem(last=False)
        person = self._world.people.first()
        if self._world.consent is not ConsentMode.PAGE and person is not None:
            self._decide(asked, person, allowed=self._world.consent is ConsentMode.AUTO)
        return asked

    def page(self, request: HttpRequest, _: Entry) -> Answer:
        """Show the page where people type the code, or what they typed leads to."""
        form = read_form(request) if request.verb == "POST" else {}
        typed = form.get("code", "")
        asked = self._typed(typed)
        if not typed or asked is None:
            return pages.device_code(typed)
        person = self._world.people.find(form.get("account", ""))
        if person is None or person.robot:
            return pages.device_consent(asked.user_code, asked.client.name, asked.scopes, list(self._world.people))
        self._decide(asked, person, allowed=form.get("action") == "allow")
        return pages.device_done(asked.client.name, allowed=asked.state is State.ALLOWED, refusal=asked.refusal)

    def _typed(self, text: str) -> DeviceRequest | None:
        """Return what waits for a code, however it was typed: case, spaces and the dash do not matter."""
        bare = _bare(text)
        waiting = (asked for asked in self._open.values() if asked.state is State.WAITING and not self._is_over(asked))
        return next((asked for asked in waiting if _bare(asked.user_code) == bare), None)

    def _is_over(self, asked: DeviceRequest) -> bool:
        return self._world.clock.lived - asked.born >= LIFE

    def _decide(self, asked: DeviceRequest, person: Person, *, allowed: bool) -> None:
        """Note what a person answered, unless they may not allow it."""
        asked.email, asked.state = person.email, State.DENIED
        try:
            check_person(asked.client, person)
            complaint = self._world.policies.complaint(asked.client.id, person.email, asked.scopes)
            if complaint is not None:
                raise PageError(400, "admin_policy_enforced", complaint)
        except PageError as refusal:
            asked.refusal = refusal
            return
        if allowed:
            asked.state = State.ALLOWED
            self._world.tokens.grant(asked.client.project, person.email, asked.scopes)

    def find(self, device_code: str) -> DeviceRequest | None:
        """Return what a device code stands for, None if it is unknown, old or used."""
        asked = self._open.get(device_code)
        return None if asked is None or self._is_over(asked) else asked

    def redeem(self, client: OAuthClient, form: Any) -> tuple[str, frozenset[str]]:
        """Return whom and what a device was let in to; raises OAuthError until then (RFC 8628 §3.5)."""
        code = form.get("device_code", "")
        if not code:
            raise OAuthError(400, "invalid_request", "Missing required parameter: device_code")
        asked = self.find(code)
        if asked is None or asked.client.id != client.id:
            raise OAuthError(400, "invalid_grant", "Bad Request")
        now = self._world.clock.lived
        before, asked.asked = asked.asked, now
        if before is not None and now - before < INTERVAL:
            raise OAuthError(403, "slow_down", "Forbidden")
        if asked.state is State.WAITING:
            raise OAuthError(428, "authorization_pending", "Precondition Required")
        del self._open[code]
        if asked.refusal is not None:
            raise OAuthError(asked.refusal.status, asked.refusal.code, asked.refusal.message)
        if asked.state is State.DENIED:
            raise OAuthError(403, "access_denied", "Forbidden")
        return asked.email, asked.scopes


def _scopes(text: str) -> frozenset[str]:
    names = text.split()
    if not names:
        raise OAuthError(400, "invalid_request", "Missing required parameter: scope")
    refused = [name for name in names if scope_names.SHORT_NAMES.get(name, name) not in scope_names.device_scopes()]
    if refused:
        raise OAuthError(400, "invalid_scope", f"Invalid device flow scope: {refused[0]}")
    return scope_names.normal(names)


def _bare(text: str) -> str:
    return "".join(letter for letter in text.upper() if letter.isalnum())
