"""
Processes that are killed in the middle of what they do, for test_attacks_killed.

Started with the sandbox and the length of a lease. Each line on stdin names a deed, the vault, how many
hours have passed, and the step at which whoever does it dies; a step is each statement that reaches
the database, transactions' own included, and each request to Google, before it leaves and after it was
answered. A child is born for the deed, so that none pays for starting Python; the answer on stdout says
whether it was killed or done.
"""

from __future__ import annotations

import json
import os
import pkgutil
import signal
import sys
import traceback
import warnings
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from mailgrant import Mailgrant, Settings
from mailgrant.errors import SandboxWarning
from mailgrant.http import Outcome, Request

sys.path.insert(0, str(Path(__file__).parent))
import visit  # type: ignore[import-not-found]

ADA = "ada@example.com"
REDIRECT = "http://127.0.0.1:1/"


class Life:
    """Counts the steps of this process, and kills it at one of them."""

    def __init__(self, ends_at: int) -> None:
        self._left = ends_at

    def step(self, *_: object) -> None:
        """Live on, or be gone before anything else happens."""
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1


class CountedTransport:
    """Carries requests, a step before each and a step after."""

    def __init__(self, life: Life) -> None:
        from mailgrant._sync.transport import HttpTransport

        self._http = HttpTransport(trusts_environment=False)
        self._life = life

    def send(self, request: Request, *, timeout: float = 60.0) -> Outcome:
        """Carry a request, unless life ends around it."""
        self._life.step()
        outcome = self._http.send(request, timeout=timeout)
        self._life.step()
        return outcome

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


def count_in_sqlite(life: Life) -> None:
    """Take a step before each statement that SQLite carries out, BEGIN and COMMIT among them."""
    from mailgrant.storage import sqlite

    connect = sqlite.connect

    def connected(path: Path) -> Any:
        connection = connect(path)
        connection.set_trace_callback(life.step)
        return connection

    sqlite.connect = connected


def count_in_postgres(life: Life) -> None:
    """Take a step before each statement that psycopg sends."""
    from psycopg import Cursor

    execute = Cursor.execute

    def counted(*args: Any, **options: Any) -> Any:
        life.step()
        return execute(*args, **options)

    Cursor.execute = counted  # type: ignore[method-assign]


def consent(mailgrant: Mailgrant) -> None:
    """Ask Ada for a scope that is not held, and let her say yes."""
    question = mailgrant.consents.begin(ADA, "gmail.labels", redirect_uri=REDIRECT)
    mailgrant.consents.complete(visit.agree(question.url))


def refresh(mailgrant: Mailgrant) -> None:
    """Get a token when the one kept has run out."""
    mailgrant.account(ADA).token()


def refresh_part(mailgrant: Mailgrant) -> None:
    """Get a token for a part of what was granted."""
    mailgrant.account(ADA).token("gmail.readonly")


def rotate(mailgrant: Mailgrant) -> None:
    """Change the key."""
    mailgrant.vault.rotate()


def forget(mailgrant: Mailgrant) -> None:
    """Take the grant back at Google and delete it."""
    mailgrant.forget(ADA)


DEEDS = {deed.__name__: deed for deed in (consent, refresh, refresh_part, rotate, forget)}


def live(vault: str, deed: str, step: int, ahead: timedelta) -> None:
    """Do a deed as far as this life goes."""
    google, lease = sys.argv[1], float(sys.argv[2])
    life = Life(step)
    (count_in_postgres if vault.startswith("postgres") else count_in_sqlite)(life)
    settings = Settings.load(vault=vault, google=google, lease=timedelta(seconds=lease))
    with Mailgrant(
        settings=settings, clock=lambda: datetime.now(UTC) + ahead, transport=CountedTransport(life)
    ) as mailgrant:
        DEEDS[deed](mailgrant)


def load_everything() -> None:
    """Import what the deeds need, once for all children."""
    for package in ("_sync", "oauth", "storage", "vault"):
        for module in pkgutil.iter_modules(import_module(f"mailgrant.{package}").__path__, f"mailgrant.{package}."):
            import_module(module.name)
    import_module("mailgrant.keeping")


def fate(child: int) -> str:
    """Wait for a child; say whether it was killed, did its deed, or failed at it."""
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "killed" if os.WTERMSIG(status) == signal.SIGKILL else "crashed"
    return "failed" if os.WEXITSTATUS(status) else "done"


def main() -> None:
    """Give life for each line on stdin until it ends."""
    warnings.simplefilter("ignore", SandboxWarning)
    load_everything()
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if not child:
            try:
                live(asked["vault"], asked["deed"], asked["step"], timedelta(hours=asked["hours"]))
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        print(fate(child), flush=True)


if __name__ == "__main__":
    main()
