"""
`kill -9` between any two statements of a consent, a refresh, a rotation and a goodbye: real processes, really killed.

Each deed is begun over and over in a vault of its own, by a process that dies one step further on: before
the next statement that reaches the database, or around a request to Google. Whatever it left behind, those
who come after lose nothing, and the same deed done once more succeeds.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from mailgrant import Mailgrant, Settings
from mailgrant.sandbox import Sandbox
from mailgrant.vault.grant import Grant, GrantStatus

from .conftest import write_json

ADA = "ada@example.com"
HELD = "openid https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/gmail.readonly"
# Far below what it is in earnest, so that a killed holder costs no 15 seconds.
LEASE = timedelta(milliseconds=30)
# Longer than a token lasts.
HOURS = 2
# Beyond the last step of every deed.
NEVER = 10**6
# `make slow` takes every step; `make test` one in so many of each deed.
STRIDES = {"consent": 16, "refresh": 13, "refresh_part": 15, "rotate": 17, "forget": 7}


class Mortals:
    """The process whose children are killed."""

    def __init__(self, google: str) -> None:
        command = [sys.executable, str(Path(__file__).with_name("mortal.py")), google, str(LEASE.total_seconds())]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def do(self, deed: str, vault: str, *, step: int = NEVER) -> str:
        """Let one of them do a deed until it dies at a step; say how it ended."""
        assert self._process.stdin is not None and self._process.stdout is not None
        line = {"deed": deed, "vault": vault, "step": step, "hours": HOURS}
        self._process.stdin.write(json.dumps(line) + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def end(self) -> None:
        self._process.communicate()


@pytest.fixture
def mortals(sandbox: Sandbox) -> Iterator[Mortals]:
    born = Mortals(str(sandbox.url))
    yield born
    born.end()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look more often whether whoever holds the lease still lives."""
    monkeypatch.setattr("mailgrant._sync.refresh.POLL", timedelta(milliseconds=20))


@pytest.fixture
def places(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[], str]:
    """What names a place for a new vault each time, in the kind of database the test is about."""
    if request.param == "postgres":
        server = request.getfixturevalue("postgres_server")
        new_database: Callable[[], str] = server.new_database
        return new_database
    numbers = count()
    return lambda: str(tmp_path / f"vault-{next(numbers)}.db")


@contextmanager
def opened(sandbox: Sandbox, place: str) -> Iterator[Mailgrant]:
    """Open a vault as one who comes after: two hours later, with no memory of what was before."""
    settings = Settings.load(vault=place, google=sandbox.url, lease=LEASE)
    with Mailgrant(settings=settings, clock=lambda: datetime.now(UTC) + timedelta(hours=HOURS)) as mailgrant:
        yield mailgrant


def granted(sandbox: Sandbox, place: str, tmp_path: Path) -> Grant:
    """Make a vault in which Ada has granted to read her mail, two hours ago."""
    file = write_json(tmp_path / "token.json", sandbox.authorize(ADA, scopes=HELD))
    with Mailgrant(vault=place, google=sandbox.url) as mailgrant:
        mailgrant.add_client(sandbox.client_secrets("installed"))
        grant = mailgrant.import_grant(file)
    sandbox.expire_tokens()
    return grant


def check_alive(mailgrant: Mailgrant, sandbox: Sandbox, before: Grant) -> Grant:
    """See that Ada has one grant that works and holds what it held."""
    (grant,) = mailgrant.grants()
    token = sandbox.tokens.access(mailgrant.account(ADA).token().reveal())
    assert token is not None
    assert token.email == ADA
    assert grant.is_active
    assert grant.scopes.covers(before.scopes)
    assert mailgrant.account(ADA).gmail.profile().email == ADA
    return grant


def after_consent(mailgrant: Mailgrant, sandbox: Sandbox, before: Grant, again: Callable[[], str]) -> None:
    check_alive(mailgrant, sandbox, before)
    assert again() == "done"
    mailgrant.close()
    assert check_alive(mailgrant, sandbox, before).scopes.covers("gmail.labels")


def after_refresh(mailgrant: Mailgrant, sandbox: Sandbox, before: Grant, again: Callable[[], str]) -> None:
    assert again() == "done"
    after = check_alive(mailgrant, sandbox, before)
    assert after.credentials.refresh_token == before.credentials.refresh_token


def after_rotate(mailgrant: Mailgrant, sandbox: Sandbox, before: Grant, again: Callable[[], str]) -> None:
    check_alive(mailgrant, sandbox, before)
    assert again() == "done"
    mailgrant.close()
    check_alive(mailgrant, sandbox, before)
    assert mailgrant.vault.check().findings == ()


def after_forget(mailgrant: Mailgrant, sandbox: Sandbox, before: Grant, again: Callable[[], str]) -> None:
    left = mailgrant.grants()
    assert [grant.status for grant in left] in ([], [GrantStatus.ACTIVE], [GrantStatus.REVOKED])
    assert again() == ("done" if left else "failed")
    mailgrant.close()
    assert mailgrant.grants() == ()
    assert before.credentials.refresh_token is not None
    at_google = sandbox.tokens.refresh(before.credentials.refresh_token.reveal())
    assert at_google is not None
    assert at_google.ended is not None


AFTER: dict[str, Callable[[Mailgrant, Sandbox, Grant, Callable[[], str]], None]] = {
    "consent": after_consent,
    "refresh": after_refresh,
    "refresh_part": after_refresh,
    "rotate": after_rotate,
    "forget": after_forget,
}


def kill_on_the_way(
    deed: str, steps: Iterable[int], places: Callable[[], str], sandbox: Sandbox, mortals: Mortals, tmp_path: Path
) -> int:
    """Kill at each of `steps` until the deed is done before; return how many were killed."""
    for killed, step in enumerate(steps):
        place = places()
        before = granted(sandbox, place, tmp_path)
        end = mortals.do(deed, place, step=step)
        assert end in ("killed", "done"), step
        if end == "done":
            return killed
        with opened(sandbox, place) as mailgrant:
            AFTER[deed](mailgrant, sandbox, before, lambda place=place: mortals.do(deed, place))
    raise AssertionError("it never ends")


@pytest.mark.parametrize("places", ["sqlite", "postgres"], indirect=True)
@pytest.mark.parametrize("deed", AFTER)
def test_a_process_killed_for_real_between_two_statements_loses_nothing(
    deed: str, places: Callable[[], str], sandbox: Sandbox, mortals: Mortals, tmp_path: Path
) -> None:
    steps = count(STRIDES[deed] // 2, STRIDES[deed])

    killed = kill_on_the_way(deed, steps, places, sandbox, mortals, tmp_path)

    assert killed >= 2


@pytest.mark.slow
@pytest.mark.parametrize("places", ["sqlite", "postgres"], indirect=True)
@pytest.mark.parametrize("deed", AFTER)
def test_a_process_killed_for_real_between_any_two_statements_loses_nothing(
    deed: str, places: Callable[[], str], sandbox: Sandbox, mortals: Mortals, tmp_path: Path
) -> None:
    killed = kill_on_the_way(deed, count(), places, sandbox, mortals, tmp_path)

    assert killed > 12
