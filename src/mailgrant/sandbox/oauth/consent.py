"""
Consent: the pages between a program's request and its answer, and what comes of them.

A person chooses an account, may be warned, ticks boxes and allows or cancels. With `auto` or `deny`
nobody is asked: the sandbox answers as the person would.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from mailgrant.sandbox import entropy
from mailgrant.sandbox.frame.wire import Answer, HttpRequest
from mailgrant.sandbox.journal import Entry
from mailgrant.sandbox.oauth import pages
from mailgrant.sandbox.oauth import scopes as scope_names
from mailgrant.sandbox.oauth.authorization import (
    AuthorizationRequest,
    PageError,
    ResponseMode,
    check_browser,
    check_person,
    read_request,
)
from mailgrant.sandbox.oauth.forms import read_form, redirect, with_parameters
from mailgrant.sandbox.oauth.identity import ISSUER
from mailgrant.sandbox.oauth.tokens import CodeTerms
from mailgrant.sandbox.people import Person

if TYPE_CHECKING:
    from mailgrant.sandbox.sandbox import Sandbox

CHOOSER = "/v3/signin/identifier"
WARNING = "/signin/oauth/warning"
CONSENT = "/signin/oauth/consent"
FAILURE = "/signin/oauth/error"
# What of a refused request its page may show.
SHOWN_DETAILS: tuple[str, ...] = ("client_id", "redirect_uri", "scope")
# Sign-ins that nobody finishes are forgotten, oldest first.
OPEN_SIGN_INS = 1000


class ConsentMode(Enum):
    """Who answers the consent page: a person, or the sandbox with yes or no."""

    PAGE = "page"
    AUTO = "auto"
    DENY = "deny"


@dataclass(slots=True)
class SignIn:
    """One person on the way through the pages."""

    id: str
    request: AuthorizationRequest
    person: Person | None = field(default=None)
    warned: bool = field(default=False)


@dataclass(frozen=True, slots=True)
class Question:
    """What the consent page asks: scopes with a box, scopes that go without saying, scopes allowed before."""

    boxes: tuple[str, ...]
    fixed: tuple[str, ...]
    earlier: tuple[str, ...]

    @classmethod
    def of(cls, request: AuthorizationRequest, granted: frozenset[str]) -> Question:
        """Return what to ask a person who has allowed `granted` before."""
        new = request.scopes - granted
        earlier = tuple(sorted(request.scopes & granted))
        boxes = tuple(sorted(new - scope_names.IDENTITY))
        fixed = tuple(sorted(new & scope_names.IDENTITY))
        if len(request.scopes - scope_names.IDENTITY) == 1 and not request.asks_identity:
            # A single scope of an API, alone, has no box: allowing is allowing it.
            return cls((), (*fixed, *boxes), earlier)
        return cls(boxes, fixed, earlier)

    def answered(self, ticked: frozenset[str]) -> frozenset[str]:
        """Return the newly allowed scopes."""
        return frozenset(self.fixed) | (ticked & frozenset(self.boxes))


class ConsentDesk:
    """Answers the authorization endpoint and its pages for one sandbox."""

    def __init__(self, world: Sandbox) -> None:
        self._world = world
        self._open: OrderedDict[str, SignIn] = OrderedDict()

    def begin(self, request: HttpRequest, entry: Entry) -> Answer:
        """Answer the authorization endpoint."""
        try:
            asked = read_request(request.query, self._world.clients)
            entry.client_id, entry.account = asked.client.id, asked.login_hint
            check_browser(request.headers.get("user-agent", ""))
            if "none" in asked.prompt:
                return self._silently(asked)
            if self._world.consent is not ConsentMode.PAGE:
                return self._by_itself(asked)
            return self._by_page(asked)
        except PageError as error:
            return to_failure(error, dict(request.query))

    def _silently(self, asked: AuthorizationRequest) -> Answer:
        """Answer `prompt=none`: yes only if nothing has to be asked."""
        person = self._hinted(asked) if asked.login_hint else self._world.people.first()
        if person is not None and self._covered(asked, person):
            return self._allow(asked, person, asked.scopes, consented=False)
        # Whoever is hinted at and has no account here is not signed in.
        word = "login_required" if person is None else "interaction_required"
        refused = {"state": asked.state, "error_subtype": "access_denied", "error": word}
        return _send_back(asked, refused)

    def _by_itself(self, asked: AuthorizationRequest) -> Answer:
        """Answer for the hinted person, else the first, without a page."""
        person = self._hinted(asked) or self._world.people.first()
        if person is None:
            raise PageError(400, "invalid_request", "This sandbox has no accounts; add one.")
        self._check_person(asked, person)
        if self._covered(asked, person) and "consent" not in asked.prompt:
            return self._allow(asked, person, asked.scopes, consented=False)
        if self._world.consent is ConsentMode.DENY:
            return _denied(asked)
        return self._allow(asked, person, asked.scopes, consented=True)

    def _by_page(self, asked: AuthorizationRequest) -> Answer:
        sign_in = SignIn(entropy.opaque(), asked)
        self._open[sign_in.id] = sign_in
        while len(self._open) > OPEN_SIGN_INS:
            self._open.popitem(last=False)
        person = self._hinted(asked)
        if person is None or "select_account" in asked.prompt:
            return redirect(_page(CHOOSER, sign_in))
        return self._choose(sign_in, person, status=302)

    def _hinted(self, asked: AuthorizationRequest) -> Person | None:
        return self._account(asked.login_hint) if asked.login_hint else None

    def _account(self, email: str) -> Person | None:
        """Return whom an address belongs to, None for service accounts: they cannot sign in."""
        found = self._world.people.find(email)
        return None if found is None or found.robot else found

    def _covered(self, asked: AuthorizationRequest, person: Person) -> bool:
        return asked.scopes <= self._world.tokens.granted(asked.client.project, person.email)

    def chooser(self, request: HttpRequest, _: Entry) -> Answer:
        """Show the accounts, or take the chosen one."""
        sign_in = self._sign_in(request)
        if sign_in is None:
            return pages.over()
        if request.verb == "GET":
            return pages.chooser(sign_in.id, sign_in.request, list(self._world.people))
        person = self._account(read_form(request).get("account", ""))
        if person is None:
            return redirect(_page(CHOOSER, sign_in), status=303)
        try:
            return self._choose(sign_in, person, status=303)
        except PageError as error:
            return to_failure(error, {"client_id": sign_in.request.client.id}, status=303)

    def _choose(self, sign_in: SignIn, person: Person, *, status: int) -> Answer:
        """Go on with an account: straight back if all was allowed before, else to the next page."""
        self._check_person(sign_in.request, person)
        sign_in.person = person
        if self._covered(sign_in.request, person) and "consent" not in sign_in.request.prompt:
            return self._finish(sign_in, sign_in.request.scopes, consented=False, status=status)
        if not sign_in.request.client.verified and not sign_in.warned:
            return redirect(_page(WARNING, sign_in), status=status)
        return redirect(_page(CONSENT, sign_in), status=status)

    def warning(self, request: HttpRequest, _: Entry) -> Answer:
        """Show the warning about an unverified application, or go on past it."""
        sign_in = self._sign_in(request)
        if sign_in is None or sign_in.person is None:
            return pages.over()
        if request.verb == "GET":
            return pages.warning(sign_in.id, sign_in.request, sign_in.person)
        if read_form(request).get("action") != "continue":
            return self._cancel(sign_in)
        sign_in.warned = True
        return redirect(_page(CONSENT, sign_in), status=303)

    def consent(self, request: HttpRequest, _: Entry) -> Answer:
        """Show what is asked, or take the answer."""
        sign_in = self._sign_in(request)
        if sign_in is None or sign_in.person is None:
            return pages.over()
        asked, person = sign_in.request, sign_in.person
        question = Question.of(asked, self._world.tokens.granted(asked.client.project, person.email))
        if request.verb == "GET":
            return pages.consent(sign_in.id, asked, person, question, all_ticked="all=1" in request.target)
        action = read_form(request).get("action")
        if action == "select_all":
            return redirect(_page(CONSENT, sign_in, all="1"), status=303)
        if action != "allow":
            return self._cancel(sign_in)
        ticked = frozenset(pages.ticked(request))
        return self._answered(sign_in, question, ticked)

    def _answered(self, sign_in: SignIn, question: Question, ticked: frozenset[str]) -> Answer:
        new = question.answered(ticked)
        if not new and (question.boxes or question.fixed):
            # Something was asked and nothing of it allowed: that is a no, whatever was allowed earlier.
            return self._cancel(sign_in)
        return self._finish(sign_in, new | frozenset(question.earlier), consented=True, status=303)

    def _finish(self, sign_in: SignIn, scopes: frozenset[str], *, consented: bool, status: int) -> Answer:
        assert sign_in.person is not None
        self._open.pop(sign_in.id, None)
        return self._allow(sign_in.request, sign_in.person, scopes, consented=consented, status=status)

    def _cancel(self, sign_in: SignIn) -> Answer:
        self._open.pop(sign_in.id, None)
        return _denied(sign_in.request, status=303)

    def _allow(
        self,
        asked: AuthorizationRequest,
        person: Person,
        scopes: frozenset[str],
        *,
        consented: bool,
        status: int = 302,
    ) -> Answer:
        """Note the grant and send the person back with a code."""
        tokens, project = self._world.tokens, asked.client.project
        tokens.grant(project, person.email, scopes)
        if asked.include_granted:
            scopes |= tokens.granted(project, person.email)
        terms = CodeTerms(
            asked.client.id,
            person.email,
            scopes,
            asked.redirect_uri,
            offline=asked.offline,
            consented=consented,
            nonce=asked.nonce,
            challenge=asked.challenge,
            challenge_method=asked.challenge_method,
        )
        answer = {"state": asked.state, "iss": ISSUER, "code": tokens.issue_code(terms)}
        answer["scope"] = scope_names.in_redirect_order(scopes)
        if asked.asks_identity:
            shown = [word for word in ("select_account",) if word in asked.prompt] + (["consent"] if consented else [])
            answer |= {"authuser": "0", "hd": person.hosted_domain, "prompt": " ".join(shown) or "none"}
        return _send_back(asked, answer, status=status)

    def failure(self, request: HttpRequest, _: Entry) -> Answer:
        """Show why a request was refused; the status is 200, as Google's is."""
        given = dict(request.query)
        client = self._world.clients.find(given.get("client_id", ""))
        return pages.failure(given.get("authError", ""), client.name if client else "This app")

    def _check_person(self, asked: AuthorizationRequest, person: Person) -> None:
        """Refuse people whom the program, or whose administrator the program, is closed to."""
        check_person(asked.client, person)
        complaint = self._world.policies.complaint(asked.client.id, person.email, asked.scopes)
        if complaint is not None:
            raise PageError(400, "admin_policy_enforced", complaint)

    def _sign_in(self, request: HttpRequest) -> SignIn | None:
        return self._open.get(dict(request.query).get("flow", ""))


def _page(path: str, sign_in: SignIn, **parameters: str) -> str:
    return with_parameters(path, {"flow": sign_in.id, **parameters})


def _denied(asked: AuthorizationRequest, *, status: int = 302) -> Answer:
    refused = {"error": "access_denied", "state": asked.state}
    return _send_back(asked, refused, status=status)


def _send_back(asked: AuthorizationRequest, answer: Mapping[str, str | None], *, status: int = 302) -> Answer:
    """Send the person back to the program, with the answer where it was asked to be."""
    if asked.mode is ResponseMode.FORM_POST:
        return pages.posting(asked.redirect_uri, {name: value for name, value in answer.items() if value is not None})
    fragment = asked.mode is ResponseMode.FRAGMENT
    return redirect(with_parameters(asked.redirect_uri, answer, fragment=fragment), status=status)


def to_failure(error: PageError, given: dict[str, str], *, status: int = 302) -> Answer:
    """Send the person to Google's own page about a refusal."""
    known: dict[str, str] = {name: given[name] for name in SHOWN_DETAILS if name in given}
    parameters = {"authError": pages.auth_error(error, known), "client_id": given.get("client_id")}
    return redirect(with_parameters(FAILURE, parameters | {"flowName": "GeneralOAuthFlow"}), status=status)
