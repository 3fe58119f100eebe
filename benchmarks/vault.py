"""
The vault under load: rotation of many grants while processes read and refresh, and a warm token.

Each process reads a grant, then writes it as a refresh does (compare and set), as fast as it can, while
another changes the vault's key. A read or write that fails is counted, and shown.

    python benchmarks/vault.py [--grants 10000] [--processes 4] [--store sqlite|postgres]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mailgrant import Mailgrant
from mailgrant.errors import GrantChanged, SandboxWarning
from mailgrant.oauth.client_secrets import ClientKind, ClientSecrets
from mailgrant.oauth.credentials import Credentials
from mailgrant.oauth.scopes import Scopes
from mailgrant.secret import Secret
from mailgrant.settings import Settings
from mailgrant.vault.grant import Grant, grant_id

GOOGLE = "http://127.0.0.1:9"
CLIENT = ClientSecrets("17-a.apps.googleusercontent.com", client_secret=Secret("sandbox"), kind=ClientKind.INSTALLED)
SCOPES = Scopes("gmail.send")
# How long the processes work before and after the rotation, to compare.
CALM = 3.0


def settings_in(folder: str) -> Settings:
    """The settings of a vault with its key in a file; the folder says where else the vault is, if it is elsewhere."""
    home = Path(folder)
    elsewhere = home / "place"
    place = elsewhere.read_text() if elsewhere.exists() else str(home / "data" / "vault.db")
    return Settings(vault=place, google=GOOGLE, config_folder=home / "config", data_folder=home / "data")


def open_vault(folder: str, *, create: bool = False) -> Any:
    return settings_in(folder).open_vault(clock=lambda: datetime.now(UTC), entropy=os.urandom, create=create)


def a_grant(number: int) -> Grant:
    account = f"person{number}@example.com"
    now = datetime.now(UTC)
    return Grant(
        account,
        id=grant_id(client_id=CLIENT.client_id, sub=str(number), account=account, user=None),
        sub=str(number),
        user=None,
        client_id=CLIENT.client_id,
        verified=True,
        asked=SCOPES,
        scopes=SCOPES,
        credentials=Credentials(
            Secret("a" * 200), refresh_token=Secret("r" * 100), expires_at=now + timedelta(hours=1), scopes=SCOPES
        ),
        consented_at=now,
    )


def fill(folder: str, grants: int) -> list[str]:
    """Make the vault, in one transaction, so that this takes no minute; return the grants' ids."""
    vault = open_vault(folder, create=True)
    vault.add_client(CLIENT)
    store = vault.sealer.store
    ids = []
    for number in range(grants):
        ids.append(vault.keep(a_grant(number)).id)
    store.close()
    return ids


def work(folder: str, ids: Sequence[str], ending: Any, results: Any) -> None:
    """Read and refresh grants until told to stop; report when each began, how long it took, and what failed."""
    vault, chance = open_vault(folder), random.Random(os.getpid())
    reads, writes, failures = [], [], []
    while not ending.is_set():
        begun = time.perf_counter()
        try:
            grant = vault.grant(chance.choice(ids))
            reads.append((time.time(), time.perf_counter() - begun))
            begun = time.perf_counter()
            vault.keep(replace(grant, refreshed_at=datetime.now(UTC)))
            writes.append((time.time(), time.perf_counter() - begun))
        except GrantChanged:
            # Another process refreshed the same grant between our read and our write.
            continue
        except Exception as error:
            failures.append(repr(error))
    results.put((reads, writes, failures))


def rotate(folder: str) -> tuple[float, float, int]:
    """Change the key; return when that began, when it ended, and how many rows were sealed."""
    begun = time.time()
    with Mailgrant(settings=settings_in(folder)) as mailgrant:
        done = mailgrant.vault.rotate()
    return begun, time.time(), done.resealed


def rotation_under_load(grants: int, processes: int, url: str | None) -> int:
    """Measure and print; return how many reads or writes failed."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        if url is not None:
            (Path(folder) / "place").write_text(url)
        begun = time.perf_counter()
        ids = fill(folder, grants)
        print(f"filled      {grants} grants in {time.perf_counter() - begun:.1f} s, one transaction each")
        alone = rotate(folder)
        show_rotation("alone", *alone)
        ending, results = context.Event(), context.Queue()
        workers = [context.Process(target=work, args=(folder, ids, ending, results)) for _ in range(processes)]
        for worker in workers:
            worker.start()
        time.sleep(2 + CALM)
        first, last, rows = rotate(folder)
        time.sleep(CALM)
        ending.set()
        answers = [results.get(timeout=60) for _ in workers]
        for worker in workers:
            worker.join()
        show_rotation("under load", first, last, rows)
        failures = [failure for _, _, failed in answers for failure in failed]
        for name, column in (("read", 0), ("refresh", 1)):
            show(name, [entry for answer in answers for entry in answer[column]], first, last)
        print(f"failures    {len(failures)} {failures[:3]}")
        with Mailgrant(settings=settings_in(folder)) as mailgrant:
            checked = mailgrant.vault.check()
        print(f"afterwards  {sum(checked.rows.values())} rows open, {len(checked.findings)} do not")
    return len(failures) + len(checked.findings)


def show(name: str, entries: list[tuple[float, float]], first: float, last: float) -> None:
    """Print how many there were a second and how long they took, before the rotation and during it."""
    for phase, begin, end in (("calm", first - CALM, first), ("rotating", first, last)):
        times = sorted(took for at, took in entries if begin <= at < end)
        if times:
            speed, median = len(times) / (end - begin), statistics.median(times) * 1000
            most, longest = times[int(len(times) * 0.99)] * 1000, times[-1] * 1000
            print(
                f"{name:8} {phase:9} {speed:6.0f} a second, median {median:.2f} ms, "
                f"99 of 100 within {most:.1f} ms, longest {longest:.0f} ms"
            )


def show_rotation(name: str, first: float, last: float, rows: int) -> None:
    """Print how fast a key was changed."""
    print(f"{name:11} {rows} rows in {last - first:.1f} s: {rows / (last - first):.0f} a second")


def warm_token(rounds: int = 20_000) -> float:
    """Measure `Account.token()` where the token is good; return the median in microseconds."""
    with tempfile.TemporaryDirectory() as folder:
        fill(folder, 1)
        with Mailgrant(settings=settings_in(folder)) as mailgrant:
            account = mailgrant.account("person0@example.com")
            account.token()
            times = []
            for _ in range(rounds):
                begun = time.perf_counter()
                account.token()
                times.append(time.perf_counter() - begun)
    times.sort()
    median = times[rounds // 2] * 1e6
    print(f"warm token  median {median:.0f} µs, 99 of 100 within {times[int(rounds * 0.99)] * 1e6:.0f} µs")
    return median


@contextmanager
def database(store: str) -> Iterator[str | None]:
    """Give the URL of an empty database on a server of our own, None for a file."""
    if store == "sqlite":
        yield None
        return
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from tests.stores.postgres_server import PostgresServer

    server = PostgresServer()
    try:
        yield server.new_database()
    finally:
        server.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grants", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--store", choices=["sqlite", "postgres"], default="sqlite")
    options = parser.parse_args()
    warnings.simplefilter("ignore", SandboxWarning)
    is_quick = warm_token() <= 150
    with database(options.store) as url:
        failed = rotation_under_load(options.grants, options.processes, url)
    return 0 if failed == 0 and is_quick else 1


if __name__ == "__main__":
    sys.exit(main())
