"""
Sandbox: a Google that lives in memory.

`handle` is all of it for a program; the rest is what a test does to it. One lock stands around the
world: requests come from a server's thread, a test's hands from another.
"""

from __future__ import annotations

import threading
import time
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from mailgrant.sandbox.account import Account, HeldMessage
from mailgrant.sandbox.calendar import methods as calendar
from mailgrant.sandbox.clock import Clock, real_now
from mailgrant.sandbox.control.faults import Effect, Fault, Faults, Moment
from mailgrant.sandbox.control.mishaps import carry_out
from mailgrant.sandbox.control.transcript import Recorder, harmless
from mailgrant.sandbox.diary.channels import Channels
from mailgrant.sandbox.frame.api import Api
from mailgrant.sandbox.frame.doors import Admission, Doors, own_origin
from mailgrant.sandbox.frame.quota import TOGETHER, Ledger, Profile
from mailgrant.sandbox.frame.wire import Answer, HttpRequest
from mailgrant.sandbox.gmail import methods as gmail
from mailgrant.sandbox.ids import Ids
from mailgrant.sandbox.journal import Entry, Journal
from mailgrant.sandbox.mail.delivery import Post, SentMail
from mailgrant.sandbox.mail.push import Push
from mailgrant.sandbox.oauth.clients import GOOGLE_AUTH_URI, GOOGLE_TOKEN_URI, ClientKind, Clients, OAuthClient
from mailgrant.sandbox.oauth.consent import ConsentMode
from mailgrant.sandbox.oauth.keys import SigningKey
from mailgrant.sandbox.oauth.policies import Policies
from mailgrant.sandbox.oauth.scopes import complaint, normal
from mailgrant.sandbox.oauth.service_accounts import ServiceAccount, ServiceAccounts
from mailgrant.sandbox.oauth.tokens import ACCESS_LIFE, TokenBook
from mailgrant.sandbox.people import People, Person
from mailgrant.sandbox.seeding import seeds
from mailgrant.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path

    from mailgrant.sandbox.seeding.seed_file import Seed
    from mailgrant.sandbox.serving.server import Served


class Sandbox:
    """
    A whole Google: people, clients, mail, calendars, tokens, and a clock of its own.

    `now` is where the clock starts (the real time if None); `consent` says who answers the consent
    page (`page`, `auto`, `deny`); `seed` what is there from the beginning (`demo`, `empty`, or a seed
    file); `quota` whose limits apply (`2026`, `legacy`, `off`); `together` how many calls to Gmail one
    person may have under way at once.
    """

    def __init__(
        self,
        now: datetime | None = None,
        *,
        consent: str = "page",
        seed: str | Path = "demo",
        quota: str = "2026",
        together: int = TOGETHER,
    ) -> None:
        self.clock = Clock(now)
        self.key = SigningKey()
        # Outlives a reset, as the file does that holds it.
        self.robot_key = SigningKey("mailgrant")
        self.consent = ConsentMode(consent)
        self.quota = Profile(quota)
        self._together = together
        self.url: str | None = None
        # Guards the control API where others than this machine's programs can reach it.
        self.control_token: Secret | None = None
        self.recorder: Recorder | None = None
        # Set where something may have changed that `--data` keeps.
        self.touched = True
        self._lock = threading.RLock()
        self._plant = seeds.named(seed)
        self._fill()

    def _fill(self) -> None:
        self.ids = Ids(self.clock.start)
        self.people = People(self.clock, self.ids)
        self.clients = Clients()
        self.service_accounts = ServiceAccounts(self.robot_key)
        self.policies = Policies()
        self.tokens = TokenBook(self.clock)
        self.ledger = Ledger(self.clock, self.quota, together=self._together)
        self.faults = Faults()
        self.journal = Journal()
        self.post = Post(self)
        self.channels = Channels(self)
        self.push = Push(self)
        self._doors = Doors(self, Api(self, {**gmail.HANDLERS, **calendar.HANDLERS}))
        self._plant(self)

    def reset(self) -> None:
        """Go back to the seed: everything given, sent or broken since is gone, and so are all tokens."""
        with self._lock:
            self.clock.restart()
            self._fill()

    def sow(self, seed: Seed) -> None:
        """Add what a seed holds to what is there, all of it or nothing; raises SettingsError naming the field."""
        with self._lock:
            rehearsal = Sandbox(self.clock.now(), seed="empty", quota="off")
            for person in self.people:
                rehearsal.account(person.email)
            seed.plant(rehearsal)
            seed.plant(self)

    def locked(self) -> AbstractContextManager[bool]:
        """Keep requests out for as long as the context lasts."""
        return self._lock

    # What a program sees.

    def handle(self, request: HttpRequest) -> Answer:
        """Answer one request; raises ConnectionResetError where a fault cuts the connection."""
        admission = self.admit(request)
        effect = admission.effect
        if effect is None or not (effect.is_of_connection or effect.truncate):
            return self.perform(admission)
        if effect.hang or effect.drop is Moment.BEFORE:
            self.abandon(admission)
            raise ConnectionResetError("the sandbox was told not to answer")
        wait = effect.late or effect.delay or timedelta()
        if effect.late or effect.when is Moment.BEFORE:
            time.sleep(wait.total_seconds())
        answer = self.perform(admission)
        if effect.drop is Moment.AFTER or effect.late or effect.truncate:
            raise ConnectionResetError("the sandbox was told to lose its answer")
        if effect.when is Moment.AFTER:
            time.sleep(wait.total_seconds())
        return answer

    def admit(self, request: HttpRequest) -> Admission:
        """Find out what a request is and what goes wrong with it, without doing anything yet."""
        with self._lock:
            return self._doors.admit(request)

    def perform(self, admission: Admission) -> Answer:
        """Do the work of a request and write it into the log."""
        with self._lock:
            answer = carry_out(self, admission)
            self.touched |= admission.writes
            self.channels.look()
            self.push.look()
            admission.entry.status = answer.status
            admission.entry.bytes = len(answer.body)
            self.abandon(admission)
            return answer

    def abandon(self, admission: Admission) -> None:
        """Write a request into the log without doing its work, and those of its parts that are not done."""
        for part in admission.parts:
            self.abandon(part)
        if admission.closed:
            return
        admission.closed = True
        if admission.entry.under_way:
            self.ledger.leave(admission.entry.account or "")
        if not admission.logged:
            return
        if "?" in admission.request.target:
            admission.entry.query = harmless(admission.request.target.partition("?")[2])
        self.journal.write(admission.entry)
        if self.recorder is not None:
            self.recorder.write(admission.entry)

    def origin(self, request: HttpRequest) -> str | None:
        """Return the address at which a request found this sandbox, None if it asked for Google by name."""
        return own_origin(request, anywhere=self.control_token is not None)

    def serve(self, host: str = "127.0.0.1", port: int = 0) -> AbstractContextManager[Served]:
        """Serve this sandbox from a background thread; the context gives an object with its `url`."""
        from mailgrant.sandbox.serving.server import serve

        return serve(self, host, port)

    # What a test does.

    def account(self, email: str, **about: Any) -> Account:
        """Return what can be done as the owner of an account; one that is not there yet is added."""
        with self._lock:
            person = self.people.find(email) or self.people.add(email, **about)
            return Account(person, self)

    def deliver(self, raw: bytes, *, to: str) -> HeldMessage:
        """Put a mail into an account's inbox as it is (RFC 5322)."""
        return self.account(to).deliver(raw)

    @property
    def sent(self) -> list[SentMail]:
        """Every mail that left an account, in order."""
        return list(self.post.sent)

    @property
    def requests(self) -> list[Entry]:
        """Every request so far, control calls apart."""
        return list(self.journal)

    def fault(
        self,
        method: str | None = None,
        *,
        path: str | None = None,
        account: str | None = None,
        nth: int = 1,
        times: int = 1,
        **effect: Any,
    ) -> None:
        """
        Make a request fail: `fault("gmail.users.messages.send", drop="after")`.

        The effect's fields are the control API's (`status`, `reason`, `drop`, `late`, `delay`, `when`, `hang`,
        `stale`, `truncate`, `corrupt`, `rate`).
        """
        fault = Fault(Effect.read(effect), method=method, path=path, account=account, nth=nth, times=times)
        with self._lock:
            self.faults.add(fault)

    def authorize(self, email: str, client_id: str | None = None, scopes: Any = ()) -> dict[str, Any]:
        """
        Grant scopes without a page, as if the person had consented just now.

        Returns Google's authorized_user JSON with a live access token in `token`. Any scope may be
        granted so, also those that the consent page refuses.
        """
        with self._lock:
            person, client = self._person(email), self._client(client_id)
            granted = _known(scopes.split() if isinstance(scopes, str) else list(scopes))
            self.tokens.grant(client.project, person.email, granted)
            access = self.tokens.issue_access(client, person.email, granted, offline=True)
            refresh = self.tokens.issue_refresh(client, person.email, granted)
        return {
            "type": "authorized_user",
            "client_id": client.id,
            "client_secret": client.secret,
            "refresh_token": refresh.text,
            "token": access.text,
            "token_uri": f"{self.url}/token" if self.url else GOOGLE_TOKEN_URI,
            "scopes": sorted(granted),
            "expiry": (real_now() + ACCESS_LIFE).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "universe_domain": "googleapis.com",
            "account": person.email,
        }

    def revoke(self, email: str, client_id: str | None = None) -> None:
        """Take a grant back, as its owner could in the account settings: all of the project's tokens die."""
        with self._lock:
            self.tokens.revoke_grant(self._client(client_id).project, self._person(email).email)

    def expire_tokens(self, email: str | None = None) -> int:
        """Let an hour pass for all access tokens, or for one person's; refresh tokens live on."""
        with self._lock:
            return self.tokens.expire_access(None if email is None else self._person(email).email)

    def client_secrets(self, kind: str = "installed") -> dict[str, Any]:
        """Return a default client's file; while the sandbox is served its addresses lead here."""
        client = self.clients.default(ClientKind(kind))
        if self.url is None:
            return client.file(GOOGLE_AUTH_URI, GOOGLE_TOKEN_URI)
        return client.file(f"{self.url}/o/oauth2/auth", f"{self.url}/token")

    def service_account(self, email: str | None = None) -> dict[str, Any]:
        """
        Return a service account's key file (the default one's); while the sandbox is served it leads here.

        The default one may act as everybody here: an administrator has delegated every scope to it.
        """
        account = self._service_account(email)
        return account.file(f"{self.url}/token" if self.url else GOOGLE_TOKEN_URI)

    def _service_account(self, email: str | None) -> ServiceAccount:
        account = self.service_accounts.default if email is None else self.service_accounts.find(email)
        if account is None:
            raise ValueError(f"this sandbox has no service account {email}")
        return account

    def _person(self, email: str) -> Person:
        person = self.people.find(email)
        if person is None:
            raise ValueError(f"this sandbox has no account {email}")
        return person

    def _client(self, client_id: str | None) -> OAuthClient:
        client = self.clients.find(client_id) if client_id else self.clients.default(ClientKind.INSTALLED)
        if client is None:
            raise ValueError(f"this sandbox has no client {client_id}")
        return client


def _known(names: list[str]) -> frozenset[str]:
    """Return scopes as Google grants them; raises ValueError if it knows one of them not."""
    refused = complaint(names)
    if refused is not None:
        raise ValueError(refused)
    return normal(names)
