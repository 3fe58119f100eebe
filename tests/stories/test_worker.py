"""The worker: nobody waits for a refresh, nothing dies of a wrong secret, and a quiet vault costs next to nothing."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mailgrant import AsyncMailgrant, Mailgrant, Scopes, Secret
from mailgrant.oauth.credentials import Credentials
from mailgrant.sandbox import Sandbox
from mailgrant.vault import worker_health
from mailgrant.vault.grant import Grant, GrantStatus, grant_id
from mailgrant.vault.schedule import LONGEST_PROBE
from mailgrant.vault.sealing import Key
from mailgrant.worker import Change, workers_of
from mailgrant.worker.command import by_command
from mailgrant.worker.rounds import BATCH, LONGEST_NAP, Worker

from .conftest import write_json
from .people import Person

pytestmark = pytest.mark.anyio

ADA = "ada@example.com"
HOUR = timedelta(hours=1)
MAILGRANT = [sys.executable, "-m", "mailgrant.cli"]


@asynccontextmanager
async def opened(office: dict[str, Any], sandbox: Sandbox) -> AsyncIterator[AsyncMailgrant]:
    async with AsyncMailgrant(**{**office, "client_secrets": None}, clock=sandbox.clock) as mailgrant:
        await mailgrant.add_client(sandbox.client_secrets("installed"))
        yield mailgrant


async def settle(mailgrant: AsyncMailgrant, sandbox: Sandbox, number: int, *, in_use: bool = True) -> list[Grant]:
    """Put grants into the vault as if their owners had consented just now."""
    vault = await mailgrant._workplace.vault()
    return [vault.keep(a_grant(sandbox, f"person{one:04}@example.com", in_use=in_use)) for one in range(number)]


def a_grant(sandbox: Sandbox, email: str, *, in_use: bool = True) -> Grant:
    sandbox.account(email)
    token = sandbox.authorize(email, scopes="https://www.googleapis.com/auth/gmail.send")
    now = sandbox.clock.now()
    scopes = Scopes("gmail.send")
    return Grant(
        email,
        id=grant_id(client_id=token["client_id"], sub=None, account=email, user=None),
        sub=None,
        user=None,
        client_id=token["client_id"],
        verified=False,
        asked=scopes,
        scopes=scopes,
        credentials=Credentials(
            Secret(token["token"]),
            refresh_token=Secret(token["refresh_token"]),
            expires_at=now + HOUR,
            scopes=scopes,
        ),
        consented_at=now,
        used_at=now if in_use else None,
    )


async def a_worker(mailgrant: AsyncMailgrant, **options: Any) -> Worker:
    worker = Worker(await mailgrant._workplace.vault(), mailgrant._workplace.line, **options)
    await worker.start()
    return worker


async def looked(worker: Worker) -> timedelta:
    """Look once, and wait until what was seen is told."""
    nap = await worker.look()
    await worker.told()
    return nap


async def work(worker: Worker, sandbox: Sandbox, length: timedelta) -> int:
    """Let worker time pass, as fast as the work allows; return how often it looked."""
    end, looks = sandbox.clock.now() + length, 0
    while sandbox.clock.now() < end:
        sandbox.clock.advance(await worker.look())
        looks += 1
    return looks


def refreshes(sandbox: Sandbox) -> int:
    return sum(entry.grant_type == "refresh_token" for entry in sandbox.requests)


async def test_grants_in_use_are_refreshed_before_their_token_ends_and_not_all_at_once(
    sandbox: Sandbox, office: dict[str, Any]
) -> None:
    async with opened(office, sandbox) as mailgrant:
        before = await settle(mailgrant, sandbox, 40)
        worker = await a_worker(mailgrant)
        minutes = []
        for _ in range(60):
            seen = refreshes(sandbox)
            await work(worker, sandbox, timedelta(minutes=1))
            minutes.append(refreshes(sandbox) - seen)
        after = {grant.id: grant for grant in await mailgrant.grants()}

    assert refreshes(sandbox) == 40
    assert sum(minutes[:49]) == 0 and max(minutes) < 25
    for grant in before:
        assert grant.credentials.expires_at is not None and after[grant.id].refreshed_at is not None
        assert grant.credentials.expires_at - after[grant.id].refreshed_at > timedelta(minutes=4)


async def test_idle_grants_are_refreshed_before_their_six_months_are_over_and_no_more_often(
    sandbox: Sandbox, office: dict[str, Any]
) -> None:
    async with opened(office, sandbox) as mailgrant:
        await settle(mailgrant, sandbox, 10, in_use=False)
        worker = await a_worker(mailgrant)
        await worker.look()
        early = refreshes(sandbox)
        for _ in range(160):
            sandbox.clock.advance(timedelta(days=1))
            while await worker.look() == timedelta(0):
                continue
        grants = await mailgrant.grants()

    assert early == 0
    assert refreshes(sandbox) == 10
    assert all(grant.is_active and grant.refreshed_at for grant in grants)


async def test_a_thousand_grants_survive_an_hour_of_a_wrong_client_secret(
    sandbox: Sandbox, office: dict[str, Any]
) -> None:
    async with opened(office, sandbox) as mailgrant:
        await settle(mailgrant, sandbox, 1000)
        good = sandbox.client_secrets("installed")
        await mailgrant.add_client({"installed": {**good["installed"], "client_secret": "GOCSPX-" + "x" * 28}})
        sandbox.clock.advance(HOUR)
        worker = await a_worker(mailgrant)
        await work(worker, sandbox, HOUR)
        probes = refreshes(sandbox)
        dead = [grant for grant in await mailgrant.grants() if not grant.is_active]

        await mailgrant.add_client(good)
        vault = await mailgrant._workplace.vault()
        for grant in await mailgrant.grants():
            vault.note_use(grant)
        await work(worker, sandbox, timedelta(minutes=12))
        grants = await mailgrant.grants()

    assert dead == []
    assert probes <= 30
    now = sandbox.clock.now()
    assert all(grant.credentials.expires_at and grant.credentials.expires_at > now for grant in grants)


async def test_a_broken_client_that_google_accepts_again_is_found_out_without_anybody_asking(
    sandbox: Sandbox, office: dict[str, Any]
) -> None:
    async with opened(office, sandbox) as mailgrant:
        (grant,) = await settle(mailgrant, sandbox, 1)
        sandbox.fault("oauth2.token", status=401, reason="disabled_client", times=1000)
        sandbox.clock.advance(HOUR)
        worker = await a_worker(mailgrant)
        await work(worker, sandbox, timedelta(minutes=30))
        vault = await mailgrant._workplace.vault()
        troubled = vault.known_client(grant.client_id).trouble
        waiting = worker_health.all_workers(vault.sealer)[0].waiting
        sandbox.faults.clear()
        await work(worker, sandbox, LONGEST_PROBE + LONGEST_NAP)
        mended = vault.known_client(grant.client_id).trouble

    assert troubled is not None and "disabled_client" in troubled.reason
    assert waiting == (grant.client_id,)
    assert mended is None


async def test_a_paused_grant_is_tried_again_and_resumes(sandbox: Sandbox, office: dict[str, Any]) -> None:
    async with opened(office, sandbox) as mailgrant:
        await settle(mailgrant, sandbox, 1)
        sandbox.clock.advance(HOUR)
        sandbox.fault("oauth2.token", status=400, reason="admin_policy_enforced", times=2)
        worker = await a_worker(mailgrant)
        await work(worker, sandbox, timedelta(minutes=12))
        (paused,) = await mailgrant.grants()
        await work(worker, sandbox, timedelta(minutes=65))
        (resumed,) = await mailgrant.grants()

    assert paused.status is GrantStatus.PAUSED
    assert resumed.is_active
    assert refreshes(sandbox) <= 4


async def test_google_away_for_an_hour_kills_nothing_and_is_not_stormed(
    sandbox: Sandbox, office: dict[str, Any]
) -> None:
    async with opened(office, sandbox) as mailgrant:
        await settle(mailgrant, sandbox, 20)
        sandbox.fault("oauth2.token", status=503, times=10_000)
        sandbox.clock.advance(timedelta(minutes=50))
        worker = await a_worker(mailgrant)
        await work(worker, sandbox, HOUR)
        tries = refreshes(sandbox)
        grants = await mailgrant.grants()

    assert all(grant.is_active for grant in grants)
    assert tries <= 20 * 13


async def test_a_service_accounts_grants_are_renewed_ahead_of_time_too(
    sandbox: Sandbox, office: dict[str, Any]
) -> None:
    async with AsyncMailgrant(vault=":memory:", google=office["google"], clock=sandbox.clock) as mailgrant:
        key = await mailgrant.add_client(sandbox.service_account())
        await mailgrant.delegate(ADA, "gmail.send", client_id=key.client_id)
        before = await mailgrant.account(ADA).token()
        worker = await a_worker(mailgrant)
        await work(worker, sandbox, timedelta(minutes=58))
        (grant,) = await mailgrant.grants()

    assert grant.is_active
    assert grant.credentials.access_token not in (None, before)
    assert (worker.health.refreshed, worker.health.failed) == (1, 0)


async def test_two_workers_never_do_the_same_refresh_twice(
    sandbox: Sandbox, office: dict[str, Any], tmp_path: Path
) -> None:
    office = {**office, "vault": str(tmp_path / "vault.db")}
    async with opened(office, sandbox) as first, opened(office, sandbox) as second:
        await settle(first, sandbox, 30)
        sandbox.clock.advance(timedelta(minutes=56))
        workers = [await a_worker(first), await a_worker(second)]
        await asyncio.gather(*(worker.look() for worker in workers))
        there = worker_health.all_workers((await first._workplace.vault()).sealer)

    assert refreshes(sandbox) == 30
    assert sum(worker.health.failed for worker in workers) == 0
    assert len(there) == 2


async def test_a_worker_that_ends_takes_its_row_along(sandbox: Sandbox, office: dict[str, Any]) -> None:
    async with opened(office, sandbox) as mailgrant:
        worker = await a_worker(mailgrant)
        vault = await mailgrant._workplace.vault()
        (row,) = worker_health.all_workers(vault.sealer)
        await worker.finish()
        left = worker_health.all_workers(vault.sealer)

    assert row.process == os.getpid()
    assert left == ()


async def test_the_row_of_a_worker_that_was_killed_is_cleared_away_after_a_day(
    sandbox: Sandbox, office: dict[str, Any]
) -> None:
    async with opened(office, sandbox) as mailgrant:
        killed = await a_worker(mailgrant)
        sandbox.clock.advance(timedelta(hours=23))
        soon = await a_worker(mailgrant)
        there = [health.id for health in await workers_of(mailgrant)]
        await soon.finish()
        sandbox.clock.advance(timedelta(hours=2))
        later = await a_worker(mailgrant)
        left = [health.id for health in await workers_of(mailgrant)]

    assert there == [killed.health.id, soon.health.id]
    assert left == [later.health.id]


async def test_changes_are_told_whoever_made_them(sandbox: Sandbox, office: dict[str, Any], tmp_path: Path) -> None:
    office = {**office, "vault": str(tmp_path / "vault.db")}
    told: list[Change] = []
    async with opened(office, sandbox) as mailgrant, opened(office, sandbox) as elsewhere:
        await settle(mailgrant, sandbox, 3)
        worker = await a_worker(mailgrant, on_change=told.append)
        await worker.look()
        sandbox.revoke("person0000@example.com")
        sandbox.expire_tokens()
        sandbox.clock.advance(HOUR)
        sandbox.fault("oauth2.token", status=400, reason="org_internal", account="person0001@example.com")
        for number in (0, 1):
            with pytest.raises(Exception, match=f"person000{number}"):
                await elsewhere.account(f"person000{number}@example.com").token()
        await looked(worker)
        await looked(worker)

    assert [(change.account[:10], change.before, change.status) for change in told] == [
        ("person0000", "active", "needs consent"),
        ("person0001", "active", "paused"),
    ]
    assert "mailgrant login person0000@example.com --scope gmail.send" in told[0].remedy
    assert "expired or was revoked" in told[0].reason


async def test_a_revoke_a_new_consent_and_a_farewell_are_told(
    sandbox: Sandbox, office: dict[str, Any], person: Person
) -> None:
    told: list[Change] = []
    async with AsyncMailgrant(**office, clock=sandbox.clock) as mailgrant:
        worker = await a_worker(mailgrant, on_change=told.append)
        for farewell in (mailgrant.revoke, mailgrant.forget):
            consent = await mailgrant.consents.begin(ADA, "gmail.send", redirect_uri="http://127.0.0.1:1/")
            await mailgrant.consents.complete(person.agree(consent.url))
            await looked(worker)
            await farewell(ADA)
            await looked(worker)

    assert [(change.before, change.status) for change in told] == [
        (None, "active"),
        ("active", "revoked"),
        ("revoked", "active"),
        ("active", "revoked"),
    ]


async def test_a_row_that_does_not_open_stands_in_nobodys_way(
    sandbox: Sandbox, office: dict[str, Any], tmp_path: Path
) -> None:
    office = {**office, "vault": str(tmp_path / "vault.db")}
    async with opened(office, sandbox) as mailgrant:
        await settle(mailgrant, sandbox, BATCH + 3)
        damage(Path(office["vault"]), BATCH)
        sandbox.clock.advance(HOUR)
        worker = await a_worker(mailgrant)
        naps = [await worker.look() for _ in range(2)]

    assert refreshes(sandbox) == 3
    assert naps[0] > timedelta(0)
    assert worker.health.failed == 0


def damage(database: Path, number: int) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        rows = f"SELECT key FROM grants ORDER BY due LIMIT {number}"
        connection.execute(f"UPDATE grants SET sealed = x'00' WHERE key IN ({rows})")


async def test_an_on_change_that_fails_stops_nothing(
    sandbox: Sandbox, office: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    def fail(change: Change) -> None:
        raise RuntimeError("the pager is broken")

    async with opened(office, sandbox) as mailgrant:
        (grant,) = await settle(mailgrant, sandbox, 1)
        worker = await a_worker(mailgrant, on_change=fail)
        sandbox.revoke(grant.account)
        sandbox.clock.advance(HOUR)
        nap = await looked(worker)

    assert nap > timedelta(0)
    assert "on_change failed" in caplog.text
    assert grant.credentials.access_token is not None
    assert grant.credentials.access_token.reveal() not in caplog.text


async def test_an_on_change_that_hangs_holds_up_no_refresh_and_no_end(
    sandbox: Sandbox, office: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(change: Change) -> None:
        told.append(change)
        await asyncio.sleep(60)

    told: list[Change] = []
    monkeypatch.setattr("mailgrant.worker.rounds.PARTING", timedelta(milliseconds=10))
    async with opened(office, sandbox) as mailgrant:
        await settle(mailgrant, sandbox, 3)
        worker = await a_worker(mailgrant, on_change=hang)
        sandbox.revoke("person0000@example.com")
        sandbox.clock.advance(HOUR)
        for _ in range(3):
            await worker.look()
            sandbox.clock.advance(HOUR)
        await worker.finish()

    assert len(told) == 1
    assert worker.health.refreshed >= 2


def a_change(sandbox: Sandbox) -> Change:
    return Change(
        ADA,
        user=None,
        status="needs consent",
        before="active",
        reason="It was $(revoked)",
        remedy="Ask.",
        at=sandbox.clock.now(),
    )


async def test_a_command_is_told_by_json_and_never_through_a_shell(sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "told.json"
    program = "import sys; open(sys.argv[1], 'w').write(sys.stdin.read())"

    await by_command([sys.executable, "-c", program, str(file)])(a_change(sandbox))

    told = json.loads(file.read_text())
    assert told["account"] == ADA and told["reason"] == "It was $(revoked)"
    assert "user" not in told and told["at"].endswith("Z")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["/nowhere/at/all"], "cannot be started"),
        ([sys.executable, "-c", "raise SystemExit(3)"], "exit=3"),
        ([sys.executable, "-c", "import time; time.sleep(60)"], "took longer"),
    ],
    ids=["absent", "failing", "hanging"],
)
async def test_a_command_that_fails_is_logged(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture, command: list[str], said: str
) -> None:
    await by_command(command, patience=1)(a_change(sandbox))

    assert said in caplog.text


async def test_a_vault_that_goes_away_for_a_while_does_not_end_the_worker(
    sandbox: Sandbox, office: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(office, sandbox) as mailgrant:
        worker = await a_worker(mailgrant)
        stop, looks = asyncio.Event(), []

        async def look() -> timedelta:
            looks.append(1)
            if len(looks) == 3:
                stop.set()
            raise OSError("the disk is gone")

        monkeypatch.setattr(worker, "look", look)
        monkeypatch.setattr("mailgrant.worker.rounds.LONGEST_NAP", timedelta(milliseconds=1))
        await worker.run(stop)

    assert len(looks) == 3


async def test_a_hundred_thousand_grants_and_nothing_due_cost_less_than_a_statement_a_second(
    sandbox: Sandbox, office: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = {**office, "vault": str(tmp_path / "vault.db")}
    async with opened(office, sandbox) as mailgrant:
        (grant,) = await settle(mailgrant, sandbox, 1, in_use=False)
        vault = await mailgrant._workplace.vault()
        row = vault.sealer.store.grants.get(grant.id)
        fill(Path(office["vault"]), 100_000)
        assert row is not None
        worker = await a_worker(mailgrant)
        await worker.look()
        statements = count_statements(vault.sealer.store)
        looks = await work(worker, sandbox, timedelta(minutes=10))

    assert looks <= 21
    assert len(statements) < 600
    assert len(statements) / looks < 15


def fill(database: Path, number: int) -> None:
    """Copy the one grant there is, far from due: its copies are never opened, only counted past."""
    with closing(sqlite3.connect(database)) as connection, connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(grants)") if row[1] != "key"]
        names = ", ".join(f'"{column}"' for column in columns)
        connection.execute(
            f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {number}) "
            f"INSERT INTO grants (key, {names}) SELECT 'copy' || i, {names} FROM grants, n LIMIT {number}"
        )


def count_statements(store: Any) -> list[str]:
    """Note every statement from here on, on the connections that the store holds."""
    statements: list[str] = []
    for connection in store._connections._idle:
        connection.set_trace_callback(statements.append)
    return statements


def test_the_process_says_that_it_lives_and_ends_tidily_when_it_is_told_to(place: dict[str, str]) -> None:
    worker = subprocess.Popen([*MAILGRANT, "serve", "worker"], env=place, stderr=subprocess.PIPE, text=True)
    assert worker.stderr is not None
    assert any("working" in line for line in iter(worker.stderr.readline, ""))

    (alive,) = run(place, "serve", "worker", "--status", "--json").splitlines()
    worker.send_signal(signal.SIGTERM)
    _, rest = worker.communicate(timeout=20)

    assert json.loads(alive)["process"] == worker.pid
    assert worker.returncode == 0
    assert "Traceback" not in rest
    assert run(place, "serve", "worker", "--status", "--json") == ""


def test_a_worker_that_finds_a_grant_dead_tells_the_command(
    sandbox: Sandbox, place: dict[str, str], tmp_path: Path
) -> None:
    an_hour_ago = sandbox.clock.now() - HOUR
    token = write_json(tmp_path / "token.json", sandbox.authorize(ADA, scopes="https://mail.google.com/"))
    options = {"vault": place["MAILGRANT_VAULT"], "key": place["MAILGRANT_KEY"], "google": sandbox.url}
    with Mailgrant(**options, clock=lambda: an_hour_ago) as mailgrant:
        mailgrant.import_grant(token)
        mailgrant.account(ADA).token()
    sandbox.revoke(ADA)
    program = "import sys; open(sys.argv[1], 'w').write(sys.stdin.read())"
    file = tmp_path / "told.json"

    run(place, "serve", "worker", "--once", "--on-change", sys.executable, "-c", program, str(file))

    told = json.loads(file.read_text())
    assert (told["account"], told["before"], told["status"]) == (ADA, "active", "needs consent")
    assert "mailgrant login ada@example.com" in told["remedy"]


@pytest.fixture
def place(sandbox: Sandbox, office: dict[str, Any], tmp_path: Path) -> dict[str, str]:
    """The environment of processes that share a vault, with a client in it."""
    environment = {**os.environ, "MAILGRANT_VAULT": str(tmp_path / "vault.db"), "MAILGRANT_GOOGLE": str(sandbox.url)}
    environment["MAILGRANT_KEY"] = Key.of(bytes(range(32))).material.reveal()
    run(environment, "client", "add", office["client_secrets"])
    return environment


def run(environment: dict[str, str], *words: str) -> str:
    """Run one command; return what it printed."""
    done = subprocess.run([*MAILGRANT, *words], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout
