"""
One process of many that ask for a token, for test_one_refresh_under_fire.

Started with the vault, the sandbox and the length of a lease. Each line on stdin is a round: how many
hours have passed, how many threads ask, and when to die while holding the lease ("before" Google is
asked, "after" it answered, or not). Each round is answered by a line on stdout, which also says how
long the machine left this process standing: what it cannot help.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import warnings
from datetime import UTC, datetime, timedelta
from typing import Any

from mailgrant import Mailgrant, Settings
from mailgrant.errors import SandboxWarning
from mailgrant.http import Outcome, Request

ADA = "ada@example.com"


class DeadlyTransport:
    """Carries requests, and kills this process around one when it was told to."""

    def __init__(self) -> None:
        from mailgrant._sync.transport import HttpTransport

        self._http = HttpTransport(trusts_environment=False)
        self.die = ""
        self.longest = 0.0

    def send(self, request: Request, *, timeout: float = 60.0) -> Outcome:
        """Carry a request, or die before or after it."""
        self._die_if("before")
        begun = time.monotonic()
        outcome = self._http.send(request, timeout=timeout)
        self.longest = max(self.longest, time.monotonic() - begun)
        self._die_if("after")
        return outcome

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _die_if(self, moment: str) -> None:
        if self.die == moment:
            os.kill(os.getpid(), signal.SIGKILL)


class Heartbeat:
    """Measures how late this process gets its turn."""

    def __init__(self) -> None:
        self.lag = 0.0
        threading.Thread(target=self._beat, daemon=True).start()

    def _beat(self) -> None:
        while True:
            begun = time.monotonic()
            time.sleep(0.05)
            self.lag = max(self.lag, time.monotonic() - begun - 0.05)


def ask(mailgrant: Mailgrant, threads: int) -> dict[str, Any]:
    """Ask for a token in each thread at once; return the tokens and how long the slowest waited."""
    account = mailgrant.account(ADA)
    answers: list[str] = []
    waits: list[float] = []

    def one() -> None:
        begun = time.monotonic()
        try:
            answers.append(account.token().reveal())
        except Exception as error:
            answers.append(f"error: {error!r}")
        waits.append(time.monotonic() - begun)

    workers = [threading.Thread(target=one) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return {"answers": sorted(set(answers)), "count": len(answers), "longest": max(waits)}


def main() -> None:
    """Answer rounds until stdin ends."""
    warnings.simplefilter("ignore", SandboxWarning)
    vault, google, lease = sys.argv[1], sys.argv[2], float(sys.argv[3])
    settings = Settings.load(vault=vault, google=google, lease=timedelta(seconds=lease))
    ahead = timedelta()
    transport = DeadlyTransport()
    heartbeat = Heartbeat()
    with Mailgrant(settings=settings, clock=lambda: datetime.now(UTC) + ahead, transport=transport) as mailgrant:
        mailgrant.account(ADA).grant()
        print("ready", flush=True)
        for line in sys.stdin:
            asked = json.loads(line)
            ahead = timedelta(hours=asked["hours"])
            transport.die, transport.longest, heartbeat.lag = asked["die"], 0.0, 0.0
            answer = ask(mailgrant, asked["threads"])
            print(json.dumps({**answer, "refresh": transport.longest, "lag": heartbeat.lag}), flush=True)


if __name__ == "__main__":
    main()
