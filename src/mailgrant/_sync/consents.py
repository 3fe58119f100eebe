# Written by scripts/unasync.py from src/mailgrant/_async/consents.py.
# Do not edit: change that file and run `make sync`.
"""
Consents: ask a person, and keep what they answer.

`begin` makes the link and remembers it sealed; `wait` and `complete` take it once, exchange the
code, look who signed in, and keep the grant. Between the two any process may take over.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from mailgrant.errors import ConsentExpired, ConsentNeeded, ConsentRefused, MailgrantError, SettingsError
from mailgrant.loopback import Ending, Farewell, Loopback, Visit
from mailgrant.oauth import consent as question
from mailgrant.oauth.client_secrets import ClientKind
from mailgrant.oauth.consent import Widening
from mailgrant.oauth.scopes import Scopes
from mailgrant.secret import Secret
from mailgrant.vault.audit import Deed
from mailgrant.vault.foresight import LIVING
from mailgrant.vault.grant import without_nameless_twins

from .redemption import Redemption
from .waiting import in_thread

if TYPE_CHECKING:
    from mailgrant.oauth.client_secrets import ClientSecrets
    from mailgrant.oauth.consent import Consent
    from mailgrant.vault.grant import Grant
    from mailgrant.vault.vault import Vault

    from .workplace import Workplace

# How often a waiting consent looks up, so that Ctrl-C and cancellation are heard at once.
LOOK_UP = timedelta(milliseconds=200)


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be asked, and of whom."""

    account: str | None
    scopes: Scopes
    user: str | None
    client_id: str | None
    identity: bool

    @classmethod
    def of(
        cls,
        account: str | ConsentNeeded | None,
        scopes: str | Iterable[str],
        user: str | None,
        client_id: str | None,
        identity: bool,
    ) -> Question:
        """Take the fields, or what a ConsentNeeded says is missing; what is passed besides wins."""
        if isinstance(account, ConsentNeeded):
            error = account
            return cls(
                error.account,
                Scopes(scopes or error.scopes),
                user or error.user,
                client_id or error.client_id,
                identity,
            )
        return cls(account, Scopes(scopes), user, client_id, identity)


class Consents:
    """The questions that are open, and how they are answered."""

    def __init__(self, workplace: Workplace) -> None:
        self._workplace = workplace
        self._redemption = Redemption(workplace)
        self._listeners: dict[str, Loopback] = {}

    def begin(
        self,
        account: str | ConsentNeeded | None = None,
        scopes: str | Iterable[str] = (),
        *,
        user: str | None = None,
        redirect_uri: str | None = None,
        identity: bool = True,
        client_id: str | None = None,
    ) -> Consent:
        """
        Make the link that asks a person, good once and for ten minutes (RFC 6749 §4.1.1).

        Send the person to `consent.url`. Without `redirect_uri` a listener opens on this machine and
        `wait` serves it; with one, hand the address the person came back to to `complete`. A
        `ConsentNeeded` asks for what it says is missing. `identity=False` does not ask who the
        person is, and then needs `account`; such a grant stays marked as unverified.

        Raises SettingsError for a scope that does not exist, a client that is not known, or a
        redirect address the client has not registered.
        """
        asked = Question.of(account, scopes, user, client_id, identity)
        if redirect_uri is not None:
            client = self._client(asked)
            return self._remember(asked, client, client.registered_redirect(redirect_uri))
        client = self._client(asked)
        listener = in_thread(open_listener, client)
        try:
            consent = self._remember(asked, client, listener.redirect_uri)
        except BaseException:
            listener.close()
            raise
        listener.listen(lambda state: question.consent_id(Secret(state)) == consent.id)
        self._listeners[consent.id] = listener
        return consent

    def begin_by_link(
        self,
        account: str | ConsentNeeded | None = None,
        scopes: str | Iterable[str] = (),
        *,
        user: str | None = None,
        client_id: str | None = None,
    ) -> Consent:
        """Make a link whose answer the person pastes back: nothing listens where the browser ends up."""
        asked = Question.of(account, scopes, user, client_id, True)
        client = self._client(asked)
        return self._remember(asked, client, client.pasted_redirect())

    def wait(self, consent: Consent, *, timeout: timedelta = question.LIFE) -> Grant:
        """
        Wait until the person has answered in the browser of this machine, and keep the grant.

        Raises ConsentExpired when nobody answers within `timeout`, ConsentRefused when the answer is
        no, WrongAccount when somebody else signed in. The listener is closed in every case.
        """
        listener = self._listeners.pop(consent.id, None)
        if listener is None:
            raise SettingsError(
                "No listener waits for this consent.", hint="It was begun elsewhere: give its address to complete()."
            )
        try:
            visit = self._visit(listener, timeout)
            return self._complete_in_view(visit)
        finally:
            in_thread(listener.close)

    def complete(self, url: str | Secret, *, consent: Consent | str | None = None) -> Grant:
        """
        Take the address the person came back to, exchange its code, and keep the grant.

        The whole address, its query, or, when `consent` says which question it answers, the bare
        code. `consent` is the question, or its id, that this person was sent away with: a web page
        keeps the id in the person's session and passes it here, so that nobody can make somebody
        else answer a question that was put to them. Works once: the pending consent is taken before
        the code is exchanged.

        Raises ConsentRefused, ConsentExpired, WrongAccount, or what Google says to the code.
        """
        text = url.reveal() if isinstance(url, Secret) else url
        state = question.state_in(text)
        expected = consent if isinstance(consent, str) or consent is None else consent.id
        bare = question.read_code(text) if state is None else None
        vault = self._workplace.vault()
        pending = in_thread(vault.take_consent, question.answered_id(state, expected))
        try:
            redirect = bare or question.read_answer(pending, text)
        except ConsentRefused:
            in_thread(note, vault, Deed.CONSENT_REFUSED, pending)
            raise
        return self._redemption.redeem(pending, redirect)

    def close(self) -> None:
        """Close every listener that is still open."""
        listeners, self._listeners = self._listeners, {}
        for listener in listeners.values():
            in_thread(listener.close)

    def _client(self, asked: Question) -> ClientSecrets:
        widened = self._widened(asked)
        return self._workplace.client(asked.client_id or (widened.client_id if widened else None))

    def _remember(self, asked: Question, client: ClientSecrets, redirect_uri: str) -> Consent:
        """Write the question down, sealed, so that any process may hear the answer."""
        consent = question.begin(
            client,
            account=asked.account,
            user=asked.user,
            scopes=asked.scopes,
            redirect_uri=redirect_uri,
            identity=asked.identity,
            widens=self._widening(client, self._widened(asked)),
            realm=self._workplace.realm,
            now=self._workplace.clock(),
            entropy=self._workplace.entropy,
        )
        vault = self._workplace.vault()
        in_thread(vault.remember, consent)
        in_thread(note, vault, Deed.CONSENT_BEGUN, consent)
        return consent

    def _widened(self, asked: Question) -> Grant | None:
        """Find the one grant that this consent would widen."""
        if asked.account is None and asked.user is None:
            return None
        vault = self._workplace.vault(create=True)
        found = in_thread(vault.find, account=asked.account, user=asked.user, client_id=asked.client_id)
        # A service account's grants are widened by an administrator, another user's by nobody here.
        asking = {client.client_id for client in in_thread(vault.clients)}
        mine = tuple(grant for grant in found if grant.user == asked.user and grant.client_id in asking)
        own = without_nameless_twins(mine)
        return own[0] if len(own) == 1 else None

    def _widening(self, client: ClientSecrets, grant: Grant | None) -> Widening | None:
        """Return what a consent would widen: a grant that is dead has nothing to be folded in."""
        if grant is None or grant.status not in LIVING:
            return None
        vault = self._workplace.vault()
        known = in_thread(vault.known_client, client.client_id)
        return Widening(grant.id, grant.scopes, folds=known.folds)

    def _visit(self, listener: Loopback, timeout: timedelta) -> Visit:
        waited = timedelta(0)
        while waited < timeout:
            visit = in_thread(listener.next, min(LOOK_UP, timeout - waited))
            if visit is not None:
                return visit
            waited += LOOK_UP
        minutes = timeout.total_seconds() / 60
        raise ConsentExpired(f"Nobody answered within {minutes:g} minutes.")

    def _complete_in_view(self, visit: Visit) -> Grant:
        """Complete the consent while the person looks on, and tell them how it ended."""
        try:
            grant = self.complete(visit.url)
        except ConsentRefused as error:
            visit.answer(Farewell(Ending.REFUSED, error.message))
            raise
        except MailgrantError as error:
            visit.answer(Farewell(Ending.FAILED, f"{error.message}\n{error.hint}"))
            raise
        except BaseException:
            visit.answer(Farewell(Ending.FAILED, "The program that asked was stopped."))
            raise
        visit.answer(farewell(grant))
        return grant


def note(vault: Vault, deed: Deed, consent: Consent) -> None:
    """Write into the audit what became of a question."""
    vault.audit.note(
        deed, account=consent.account or "", user=consent.user, client_id=consent.client_id, scopes=consent.asked
    )


def open_listener(client: ClientSecrets) -> Loopback:
    """Listen where this client may be answered: any port for a desktop client, else its registered address."""
    if client.kind is ClientKind.INSTALLED:
        return Loopback()
    return Loopback(client.loopback_redirect())


def farewell(grant: Grant) -> Farewell:
    """What a person is told after they granted something: what, what not, and how to undo it."""
    lines = [f"{grant.account} now allows this application to: {spoken(grant.scopes.api) or 'know who you are'}."]
    if grant.missing:
        lines.append(f"Not granted: {spoken(grant.missing)}.")
    lines.append("You can take it back at any time at myaccount.google.com/connections.")
    return Farewell(Ending.PARTLY if grant.missing else Ending.GRANTED, "\n".join(lines))


def spoken(scopes: Scopes) -> str:
    """Say permissions in plain words."""
    return "; ".join(scope.description for scope in scopes)
