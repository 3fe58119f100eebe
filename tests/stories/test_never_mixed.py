"""
Whatever happens, in any order: every grant stays its owner's, its client's and its user's.

Random consents, wrong people, refusals, refreshes, revocations and restarts, on both stores, beside
a model that only remembers who was asked for what.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailgrant import Mailgrant, Scopes
from mailgrant.errors import ConsentNeeded, ConsentRefused, WrongAccount
from mailgrant.oauth.scopes import IDENTITY
from mailgrant.sandbox import Sandbox

from .people import Person

PEOPLE = ("ada@example.com", "grace@example.com")
USERS = (None, "17", "18")
SCOPES = ("gmail.send", "gmail.labels", "calendar.readonly")
REDIRECTS = {"installed": "http://127.0.0.1:1/", "web": "https://localhost:9000/oauth2callback"}

# One grant: which client, whose, and for which user.
Key = tuple[str, str, str | None]


@dataclass
class Model:
    """Who was asked for what by which client, and what each person ever had before them."""

    asked: dict[Key, Scopes] = field(default_factory=dict)
    seen: dict[str, Scopes] = field(default_factory=dict)

    def note(self, key: Key, scopes: Scopes) -> None:
        """A person was asked and said yes."""
        self.asked[key] = self.asked.get(key, Scopes()) | scopes
        self.seen[key[1]] = self.seen.get(key[1], Scopes()) | scopes


@st.composite
def steps(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """One thing that happens, to one grant."""
    kind = draw(st.sampled_from(("consent", "consent", "consent", "wrong", "refresh", "revoke", "forget", "restart")))
    return kind, {
        "client": draw(st.sampled_from(tuple(REDIRECTS))),
        "account": draw(st.sampled_from(PEOPLE)),
        "user": draw(st.sampled_from(USERS)),
        "scopes": Scopes(draw(st.sets(st.sampled_from(SCOPES), min_size=1))),
        "unticked": draw(st.sets(st.sampled_from(SCOPES), max_size=1)),
    }


class Office:
    """A vault, the sandbox behind it, and what is done with them."""

    def __init__(self, sandbox: Sandbox, place: str) -> None:
        self.sandbox = sandbox
        self.model = Model()
        self._place = place
        self._person = Person()
        self.mailgrant = self._open()
        self.clients = {kind: self.mailgrant.add_client(sandbox.client_secrets(kind)).client_id for kind in REDIRECTS}

    def _open(self) -> Mailgrant:
        return Mailgrant(vault=self._place, google=self.sandbox.url, clock=self.sandbox.clock)

    def do(self, kind: str, step: dict[str, Any]) -> None:
        """Let it happen, and tell the model."""
        key: Key = (self.clients[step["client"]], step["account"], step["user"])
        if kind in ("consent", "wrong"):
            self._consent(key, step, wrong=kind == "wrong")
        elif kind == "refresh":
            self.sandbox.clock.advance(timedelta(hours=2))
        elif kind == "revoke":
            self.sandbox.revoke(step["account"])
        elif kind == "forget" and key in self.model.asked:
            client_id, account, user = key
            gone = self.mailgrant.forget(account, user=user, client_id=client_id)
            assert (gone.client_id, gone.account, gone.user) == key
            del self.model.asked[key]
        elif kind == "restart" and self._place != ":memory:":
            self.mailgrant.close()
            self.mailgrant = self._open()

    def _consent(self, key: Key, step: dict[str, Any], *, wrong: bool) -> None:
        client_id, account, user = key
        consents = self.mailgrant.consents
        question = consents.begin(
            account, step["scopes"], user=user, client_id=client_id, redirect_uri=REDIRECTS[step["client"]]
        )
        signer = next(other for other in PEOPLE if other != account) if wrong else account
        try:
            consents.complete(
                self._person.agree(
                    question.url, as_account=signer, unticked={str(one) for one in Scopes(step["unticked"])}
                )
            )
        except (WrongAccount, ConsentRefused, ConsentNeeded):
            self.model.seen[account] = self.model.seen.get(account, Scopes()) | question.asked
            self.model.seen[signer] = self.model.seen.get(signer, Scopes()) | question.asked
            return
        assert not wrong
        self.model.note(key, question.asked)

    def check(self) -> None:
        """Compare the vault with the model, and every token with its owner."""
        grants = {(one.client_id, one.account, one.user): one for one in self.mailgrant.grants()}
        assert set(grants) == set(self.model.asked)
        assert len(grants) == len(self.mailgrant.grants())
        for key, grant in grants.items():
            assert grant.asked.api - self.model.seen[key[1]] == Scopes()
            assert self.model.asked[key].api - grant.asked == Scopes()
            assert grant.scopes - self.model.seen[key[1]] - IDENTITY == Scopes()
            self._check_token(grant.credentials.access_token, key)

    def _check_token(self, token: Any, key: Key) -> None:
        held = self.sandbox.tokens.access_seen(token.reveal()) if token is not None else None
        if held is not None:
            assert (held.email, held.client_id) == (key[1], key[0])

    def use(self) -> None:
        """Refresh whatever can be refreshed; who must be asked says so and stays."""
        for client_id, account, user in self.model.asked:
            try:
                token = self.mailgrant.account(account, user=user, client_id=client_id).token()
            except ConsentNeeded as error:
                assert (error.account, error.user, error.client_id) == (account, user, client_id)
            else:
                self._check_token(token, (client_id, account, user))


@contextmanager
def office(place: str) -> Iterator[Office]:
    """Open a sandbox of its own, and a vault at `place`."""
    world = Sandbox(seed="empty", quota="off")
    for address in PEOPLE:
        world.account(address)
    with world.serve(), TemporaryDirectory() as folder:
        opened = Office(world, place if place == ":memory:" else str(Path(folder) / place))
        try:
            yield opened
        finally:
            opened.mailgrant.close()


@pytest.mark.parametrize("place", [":memory:", "vault.db"])
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(happens=st.lists(steps(), min_size=3, max_size=9))
def test_no_grant_is_ever_mixed_with_another(place: str, happens: list[tuple[str, dict[str, Any]]]) -> None:
    with office(place) as opened:
        for kind, step in happens:
            opened.do(kind, step)
            opened.check()
        opened.use()
        opened.check()
