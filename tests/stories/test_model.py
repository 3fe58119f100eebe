"""
Whatever happens, in any order: each grant stays its owner's, its client's and its user's, and is what Google says.

Random consents (of several people and users, for clients of one project and of another, with unticked
boxes, by the wrong person, not folded in by Google), imports, refreshes, revocations at Google, expiry,
goodbyes, restarts, and processes that die at any statement; on every store. Beside it stand two
witnesses: a model that knows which grants there must be and what none but its owner may have changed, and
Google's own books in the sandbox, where each refresh token of the vault is looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from mailgrant import Mailgrant, Scopes, Settings
from mailgrant.errors import ConsentNeeded, ConsentRefused, GrantNotFound, GrantRevoked, SettingsError, WrongAccount
from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.frame.wire import HttpRequest
from mailgrant.sandbox.oauth.clients import ClientKind, OAuthClient
from mailgrant.sandbox.oauth.tokens import RefreshToken
from mailgrant.testing import InProcess
from mailgrant.vault.grant import Grant, GrantStatus, without_nameless_twins

from ..stores.postgres_server import PostgresServer
from .conftest import write_json
from .people import Person
from .test_killed_refresh import Killed, Life, mortal

# Nobody listens there; see `InProcess`.
ORIGIN = "http://127.0.0.1:8025"
BACK = "http://127.0.0.1:1/"
PEOPLE = ("ada@example.com", "grace@example.com")
USERS = (None, "17", "18")
IDENTITY = "openid https://www.googleapis.com/auth/userinfo.email"
SCOPES = ("gmail.send", "gmail.labels", "calendar.readonly")
# Two clients of one project, and one of another.
CLIENTS = tuple(
    OAuthClient(f"{project}-{name}.apps.googleusercontent.com", secret="x" * 24, kind=ClientKind.INSTALLED)
    for project, name in (("1111", "phone"), ("1111", "desk"), ("2222", "desk"))
)

# One grant: by which client, whose, and for which user.
Key = tuple[str, str, str | None]

keys = st.builds(
    lambda client, account, user: (client.id, account, user),
    st.sampled_from(CLIENTS),
    st.sampled_from(PEOPLE),
    st.sampled_from(USERS),
)
scope_sets = st.sets(st.sampled_from(SCOPES), min_size=1).map(Scopes)


class Office(RuleBasedStateMachine):
    """A vault, those who use it, and the two witnesses."""

    # What opens an empty place for a vault; set by the test.
    place: ClassVar[Callable[[], Any]]

    def __init__(self) -> None:
        super().__init__()
        self._place = type(self).place()
        self._vault, self._folder = self._place.__enter__()
        self.sandbox = Sandbox(seed="empty", quota="off")
        for address in PEOPLE:
            self.sandbox.account(address)
        for client in CLIENTS:
            self.sandbox.clients.add(client)
        self._person = in_process_person(self.sandbox)
        self.mailgrant = self._open()
        for client in CLIENTS:
            self.mailgrant.add_client(client.file())
        # The grants there must be.
        self.there: set[Key] = set()
        self.before: dict[Key, Grant] = {}
        # Those whose owner's name was being written down when a process died: the nameless one may still be there.
        self.torn: set[Key] = set()

    def teardown(self) -> None:
        try:
            for key in sorted(self.there, key=repr):
                self.use(key)
        finally:
            self.mailgrant.close()
            self._place.__exit__(None, None, None)

    def _open(self) -> Mailgrant:
        lease = timedelta(milliseconds=20)
        opened = Settings.load(vault=self._vault, google=ORIGIN, quota="off", lease=lease)
        return Mailgrant(settings=opened, clock=self.sandbox.clock, transport=InProcess(self.sandbox))

    # What happens.

    @rule(
        key=keys,
        scopes=scope_sets,
        unticked=st.sets(st.sampled_from(SCOPES), max_size=1),
        wrong=st.sampled_from((False, False, False, True)),
        folded=st.sampled_from((True, True, True, False)),
    )
    def consent(self, key: Key, scopes: Scopes, unticked: set[str], wrong: bool, folded: bool) -> None:
        client_id, account, user = key
        question = self.mailgrant.consents.begin(account, scopes, user=user, client_id=client_id, redirect_uri=BACK)
        signer = next(other for other in PEOPLE if other != account) if wrong else account
        url = question.url if folded else question.url.replace("&include_granted_scopes=true", "")
        boxes = {str(scope) for scope in Scopes(unticked)}
        try:
            granted = self.mailgrant.consents.complete(
                self._person.agree(url, as_account=signer, unticked=boxes), consent=question
            )
        except WrongAccount:
            assert wrong
            self._only_changed()
        except (ConsentRefused, ConsentNeeded):
            # Everything unticked, or Google's token left out what was held.
            self._only_changed()
        else:
            assert not wrong
            self._check_answer(granted, key, scopes, unticked)

    def _check_answer(self, granted: Grant, key: Key, scopes: Scopes, unticked: set[str]) -> None:
        assert key_of(granted) == key
        assert granted.asked.covers(scopes)
        held = self.before.get(key)
        if held is not None and held.is_active and self._at_google(held).ended is None:
            assert granted.scopes.covers(held.scopes)
        assert granted.scopes.covers(scopes - Scopes(unticked))
        self.there.add(key)
        self._only_changed(key)

    @rule(key=keys, scopes=scope_sets, named=st.booleans())
    def take_over(self, key: Key, scopes: Scopes, named: bool) -> None:
        client_id, account, user = key
        addresses = " ".join(str(scope) for scope in scopes)
        file = self.sandbox.authorize(account, client_id, f"{IDENTITY} {addresses}" if named else addresses)
        path = write_json(self._folder / "token.json", file)
        try:
            grant = self.mailgrant.import_grant(path, account=account, user=user)
        except SettingsError:
            # It would have narrowed what is there.
            assert key in self.there
            self._only_changed()
        else:
            assert key_of(grant) == key
            self.there.add(key)
            self._only_changed(key)

    @precondition(lambda self: self.there)
    @rule(data=st.data(), part=st.sampled_from((None, *SCOPES)))
    def ask_for_a_token(self, data: st.DataObject, part: str | None) -> None:
        self.use(self._one_of_those_there(data), part)

    def _one_of_those_there(self, data: st.DataObject) -> Key:
        return data.draw(st.sampled_from(sorted(self.there, key=repr)))

    def use(self, key: Key, part: str | None = None) -> None:
        """Get a token: it is the right person's, or the right person must be asked."""
        client_id, account, user = key
        alive = {grant.id for grant in self._grants() if self._lives(grant)}
        asked = self.mailgrant.account(account, user=user, client_id=client_id)
        held = asked.grant()
        try:
            token = asked.token(part or ())
        except (ConsentNeeded, GrantRevoked) as error:
            assert (error.account, error.user, error.client_id) == (account, user, client_id)
            assert held.id not in alive or (part is not None and not held.scopes.covers(part))
        else:
            opened = self.sandbox.tokens.access_seen(token.reveal())
            assert opened is not None
            assert (opened.email, opened.client_id) == (account, client_id)
            assert opened.scopes == {str(scope) for scope in (Scopes(part) if part else held.scopes)}
        self._only_changed(key)

    @rule(hours=st.sampled_from((2, 24)))
    def time_passes(self, hours: int) -> None:
        self.sandbox.clock.advance(timedelta(hours=hours))

    @rule(account=st.sampled_from(PEOPLE), client=st.sampled_from(CLIENTS))
    def taken_back_at_google(self, account: str, client: OAuthClient) -> None:
        self.sandbox.revoke(account, client.id)
        self._only_changed()

    @precondition(lambda self: self.there)
    @rule(data=st.data(), keep_at_google=st.booleans())
    def forget(self, data: st.DataObject, keep_at_google: bool) -> None:
        key = self._one_of_those_there(data)
        client_id, account, user = key
        gone = self.mailgrant.forget(account, user=user, client_id=client_id, keep_at_google=keep_at_google)
        assert key_of(gone) == key
        self.there.remove(key)
        self.torn.discard(key)
        assert keep_at_google or self._at_google(gone).ended is not None
        self._only_changed(key)

    @rule(key=keys)
    def look_for_what_is_not_there(self, key: Key) -> None:
        client_id, account, user = key
        # Who names no user means any.
        if user is not None and key not in self.there:
            with pytest.raises(GrantNotFound):
                self.mailgrant.forget(account, user=user, client_id=client_id)
        self._only_changed()

    @rule()
    def restart(self) -> None:
        if self._vault != ":memory:":
            self.mailgrant.close()
            self.mailgrant = self._open()
        self._only_changed()

    @rule(key=keys, scopes=scope_sets, statement=st.integers(0, 20))
    def die_in_a_consent(self, key: Key, scopes: Scopes, statement: int) -> None:
        self.torn.add(key)
        self._die(statement, partial(self._agree, key, scopes))
        self._settle(key)

    @precondition(lambda self: self.there)
    @rule(data=st.data(), statement=st.integers(0, 12))
    def die_in_a_refresh(self, data: st.DataObject, statement: int) -> None:
        key = self._one_of_those_there(data)
        self.sandbox.clock.advance(timedelta(hours=2))
        self._die(statement, partial(self._ask, key))
        self._only_changed(key)

    @precondition(lambda self: self.there)
    @rule(data=st.data(), statement=st.integers(0, 8))
    def die_in_a_goodbye(self, data: st.DataObject, statement: int) -> None:
        key = self._one_of_those_there(data)
        client_id, account, user = key
        self._die(statement, partial(self.mailgrant.forget, account, user=user, client_id=client_id))
        self._settle(key)

    def _agree(self, key: Key, scopes: Scopes) -> None:
        client_id, account, user = key
        consents = self.mailgrant.consents
        question = consents.begin(account, scopes, user=user, client_id=client_id, redirect_uri=BACK)
        consents.complete(self._person.agree(question.url), consent=question)

    def _ask(self, key: Key) -> None:
        client_id, account, user = key
        self.mailgrant.account(account, user=user, client_id=client_id).token()

    def _die(self, statement: int, deed: Callable[[], object]) -> None:
        """Do something as a process that is killed at a statement; another takes its place."""
        place = self.mailgrant._workplace
        vault = place.vault()
        place._vault = mortal(vault, Life(statement))
        place._means.clear()
        try:
            with suppress(Killed, ConsentNeeded, ConsentRefused, GrantRevoked):
                deed()
        finally:
            place._vault = vault
            place._means.clear()

    def _settle(self, key: Key) -> None:
        """Learn whether what a dead process did to a grant came about; nothing else may have."""
        self.there = (self.there - {key}) | {key for key in [key] if key in {key_of(one) for one in self._grants()}}
        self._only_changed(key)

    # What must be so.

    @invariant()
    def the_vault_has_what_the_model_has(self) -> None:
        grants = self._grants()
        assert sorted(map(key_of, grants), key=repr) == sorted(self.there, key=repr)
        for grant in grants:
            client_id, account, user = key_of(grant)
            found = self.mailgrant.account(account, user=user, client_id=client_id).grant()
            assert found == grant

    @invariant()
    def every_grant_is_what_google_gave(self) -> None:
        for grant in self._grants():
            token = self._at_google(grant)
            assert (token.email, token.client_id) == (grant.account, grant.client_id)
            assert token.scopes == {str(scope) for scope in grant.scopes}
            access = self.sandbox.tokens.access_seen(grant.credentials.access_token.reveal())
            assert access is None or (access.email, access.client_id) == (grant.account, grant.client_id)

    def _grants(self) -> tuple[Grant, ...]:
        everything = self.mailgrant.grants()
        found = without_nameless_twins(everything)
        assert {key_of(grant) for grant in everything if grant not in found} <= self.torn
        return found

    def _at_google(self, grant: Grant) -> RefreshToken:
        assert grant.credentials.refresh_token is not None
        token = self.sandbox.tokens.refresh(grant.credentials.refresh_token.reveal())
        assert token is not None
        return token

    def _lives(self, grant: Grant) -> bool:
        return grant.status is GrantStatus.ACTIVE and self._at_google(grant).ended is None

    def _only_changed(self, *changed: Key) -> None:
        """See that every other grant is as it was, to the last byte."""
        now = {key_of(grant): grant for grant in self._grants()}
        for key in (self.before.keys() | now.keys()) - set(changed):
            assert now.get(key) == self.before.get(key), key
        self.before = now


def key_of(grant: Grant) -> Key:
    return grant.client_id, grant.account, grant.user


def in_process_person(sandbox: Sandbox) -> Person:
    """Return somebody whose browser needs no network."""
    person = Person()

    def request(url: str, fields: list[tuple[str, str]] | None = None) -> tuple[str, str]:
        from urllib.parse import urlencode, urljoin, urlsplit

        place = urlsplit(url)
        headers = {"host": place.netloc, "content-type": "application/x-www-form-urlencoded"}
        body = urlencode(fields).encode() if fields is not None else b""
        verb = "POST" if fields is not None else "GET"
        answer = sandbox.handle(HttpRequest(verb, f"{place.path}?{place.query}", headers=headers, body=body))
        location = dict(answer.headers).get("Location")
        return (urljoin(url, location) if location else ""), answer.body.decode()

    person._browser.request = request
    return person


@contextmanager
def in_memory() -> Iterator[tuple[str, Path]]:
    with TemporaryDirectory() as folder:
        yield ":memory:", Path(folder)


@contextmanager
def in_a_file() -> Iterator[tuple[str, Path]]:
    with TemporaryDirectory() as folder:
        yield str(Path(folder) / "vault.db"), Path(folder)


@contextmanager
def in_a_database(server: PostgresServer, url: str) -> Iterator[tuple[str, Path]]:
    with TemporaryDirectory() as folder:
        yield url, Path(folder)
    server.run("DROP SCHEMA mailgrant CASCADE", url=url)


def play(place: Callable[[], Any], *, examples: int) -> None:
    """Let things happen, again and again, to a vault at a new place."""
    game = type("Office", (Office,), {"place": staticmethod(place)})
    run_state_machine_as_test(
        game,
        settings=settings(
            max_examples=examples,
            stateful_step_count=20,
            deadline=None,
            # Not to explain: tracing every line takes longer than the game.
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let waiters take over quickly from those who died."""
    monkeypatch.setattr("mailgrant._sync.refresh.POLL", timedelta(milliseconds=15))


@pytest.mark.parametrize("place", [in_memory, in_a_file])
def test_whatever_happens_no_grant_is_mixed_with_another(place: Callable[[], Any]) -> None:
    play(place, examples=40)


def test_whatever_happens_no_grant_is_mixed_with_another_in_postgresql(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    play(partial(in_a_database, postgres_server, postgres_url), examples=15)
