"""One refresh while those who refresh are killed: eight processes of 64 askers, on SQLite and PostgreSQL."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mailgrant import Mailgrant
from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.journal import Entry
from mailgrant.vault.lease import POLL
from mailgrant.vault.sealing import Key

from .conftest import write_json

ADA = "ada@example.com"
READONLY = "https://www.googleapis.com/auth/gmail.readonly"
PROCESSES, THREADS = 8, 64
# Shorter than in earnest, so that a killed holder does not cost each round 15 seconds.
LEASE = timedelta(seconds=2)
# Between a waiter's decision to look and its look, on a machine whose processors all wait their turn.
SCHEDULING = 1.5


@dataclass
class Asker:
    """One process that asks."""

    process: subprocess.Popen[str]
    die: str = ""

    def tell(self, hours: int, die: str) -> None:
        assert self.process.stdin is not None
        self.die = die
        self.process.stdin.write(json.dumps({"hours": hours, "threads": THREADS, "die": die}) + "\n")
        self.process.stdin.flush()

    def heard(self) -> dict[str, Any] | None:
        """Return what it answered, None when it was killed."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


class Battle:
    """The processes, the vault they share, and what they must keep to."""

    def __init__(self, sandbox: Sandbox, vault: str) -> None:
        self._sandbox = sandbox
        self._command = [sys.executable, str(Path(__file__).with_name("asker.py"))]
        self._command += [vault, str(sandbox.url), str(LEASE.total_seconds())]
        self.askers: list[Asker] = []
        self._chance = random.Random(vault)
        self._hours = 0
        self.killed = 0
        # Of each round: how many were killed, how long the slowest waited, how long it might.
        self.waits: list[tuple[int, float, float]] = []

    def close(self) -> None:
        for asker in self.askers:
            asker.end()

    def fight(self) -> None:
        """One round: the token has run out, everybody asks, some of those who refresh are killed."""
        self._fill_ranks()
        self._hours += 2
        before = len(self._sandbox.requests)
        for asker in self.askers:
            asker.tell(self._hours, self._chance.choice(["before", "after", "", "", "", "", "", ""]))
        heard = [(asker, asker.heard()) for asker in self.askers]
        refreshes = [entry for entry in self._sandbox.requests[before:] if entry.grant_type == "refresh_token"]
        killed = [asker for asker, answer in heard if answer is None]
        self.killed += len(killed)
        self._judge(refreshes, killed, [answer for _, answer in heard if answer is not None])

    def said(self) -> str:
        """Say how the rounds went, for docs/measured/one-refresh.md."""
        calm = [longest for killed, longest, _ in self.waits if not killed]
        over = max(longest - most for _, longest, most in self.waits)
        worst = max(longest for _, longest, _ in self.waits)
        return (
            f"{len(self.waits)} rounds, {self.killed} holders killed; longest wait {worst:.2f} s, "
            f"{max(calm, default=0):.2f} s where nobody was killed; at most {over:+.2f} s beside the bound"
        )

    def _fill_ranks(self) -> None:
        self.askers = [asker for asker in self.askers if asker.process.poll() is None]
        new = [self._start() for _ in range(PROCESSES - len(self.askers))]
        for asker in new:
            assert asker.process.stdout is not None and asker.process.stdout.readline() == "ready\n"
        self.askers += new

    def _start(self) -> Asker:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        return Asker(subprocess.Popen(self._command, text=True, bufsize=1, **pipes))

    def _judge(self, refreshes: list[Entry], killed: list[Asker], answers: list[dict[str, Any]]) -> None:
        for asker in killed:
            assert asker.process.wait(10) == -9
            asker.end()
        assert all(answer["count"] == THREADS for answer in answers)
        assert {len(answer["answers"]) for answer in answers} <= {1}, answers
        assert len({answer["answers"][0] for answer in answers}) <= 1, answers
        # Each who was killed after Google had answered, and one who lived: never two in a lease.
        after = sum(asker.die == "after" for asker in killed)
        assert len(refreshes) == after + bool(answers)
        gaps = [later.time - earlier.time for earlier, later in zip(refreshes, refreshes[1:])]
        assert all(gap > LEASE / 2 for gap in gaps), gaps
        most = (len(killed) + 1) * (LEASE + POLL).total_seconds()
        most += max((answer["refresh"] for answer in answers), default=0.0)
        longest = max((answer["longest"] for answer in answers), default=0.0)
        self.waits.append((len(killed), longest, most))
        assert longest <= most + SCHEDULING, (longest, most, len(killed))


@pytest.fixture(params=["sqlite", "postgresql"])
def battle(
    request: pytest.FixtureRequest, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Battle]:
    """Eight processes on one vault with a grant of Ada's."""
    vault = str(tmp_path / "vault.db") if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    key = Key.of(bytes(range(32))).material.reveal()
    monkeypatch.setenv("MAILGRANT_KEY", key)
    token = write_json(tmp_path / "token.json", sandbox.authorize(ADA, scopes=READONLY))
    with Mailgrant(vault=vault, google=sandbox.url, key=key) as mailgrant:
        mailgrant.import_grant(token)
    fought = Battle(sandbox, vault)
    yield fought
    fought.close()


@pytest.mark.skipif(not hasattr(os, "kill"), reason="there is no SIGKILL")
def test_processes_cause_one_refresh_in_a_lease_while_holders_are_killed(battle: Battle) -> None:
    for _ in range(4):
        battle.fight()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "kill"), reason="there is no SIGKILL")
def test_two_hundred_rounds_cause_one_refresh_in_a_lease_while_holders_are_killed(battle: Battle) -> None:
    for _ in range(200):
        battle.fight()

    print(battle.said())
    assert battle.killed > 0
