"""
Rounds: look which grants are due, refresh them a few at a time, sleep until the next is.

Any number of workers may share a vault: the lease on each grant lets one of them refresh it. A worker
that is killed leaves nothing behind but its row, and its leases run out.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
import signal
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

from mailgrant._async.tokens import AsyncTokens
from mailgrant.errors import ClientBroken, GrantChanged, MailgrantError
from mailgrant.vault import worker_health
from mailgrant.vault.schedule import next_probe
from mailgrant.vault.worker_health import WorkerHealth

from .changes import Change, Changes

if TYPE_CHECKING:
    from mailgrant import AsyncMailgrant
    from mailgrant._async.line import AsyncLine
    from mailgrant.vault.grant import Grant
    from mailgrant.vault.vault import Vault

OnChange: TypeAlias = Callable[[Change], Awaitable[None] | None]

log = logging.getLogger(__name__)
# How many grants are read at once, and how many of them are under way at Google.
BATCH = 64
AT_ONCE = 4
# Another process may have made something due meanwhile: look at least this often, and at most that often.
LONGEST_NAP = timedelta(seconds=30)
SHORTEST_NAP = timedelta(seconds=1)
# How long somebody who is told to stop waits for `on_change`.
PARTING = timedelta(seconds=10)


async def run_worker(mailgrant: AsyncMailgrant, *, on_change: OnChange | None = None, once: bool = False) -> None:
    """
    Refresh the grants of a vault ahead of time, until SIGTERM or Ctrl-C; or `once` all that are due.

    `on_change` is called with a `Change` when a grant dies, is paused, works again, is revoked or
    consented to, by whichever process. An exception of its own is logged. Raises what opening the
    vault raises; later trouble with the vault or Google is logged, and tried again.
    """
    workplace = mailgrant._workplace
    worker = Worker(await workplace.vault(), workplace.line, on_change=on_change)
    async with stop_on_signals() as stop:
        await worker.start()
        try:
            await (worker.run_once(stop) if once else worker.run(stop))
        finally:
            await worker.finish()


async def workers_of(mailgrant: AsyncMailgrant) -> tuple[WorkerHealth, ...]:
    """Return what the workers of a vault say of themselves; one that was killed is there for a day."""
    vault = await mailgrant._workplace.vault()
    return await asyncio.to_thread(worker_health.all_workers, vault.sealer)


class Worker:
    """One worker of one vault."""

    def __init__(self, vault: Vault, line: AsyncLine, *, on_change: OnChange | None = None) -> None:
        self._vault = vault
        self._line = line
        self._on_change = on_change
        self._changes: Changes | None = None
        self._telling: asyncio.Task[None] | None = None
        self._few = asyncio.Semaphore(AT_ONCE)
        # A grant of each client that Google does not accept: it is what the client is tried with.
        self._probes: dict[str, str] = {}
        now = vault.clock()
        name = f"{socket.gethostname()}-{os.getpid()}-{vault.sealer.entropy(4).hex()}"
        self.health = WorkerHealth(name, host=socket.gethostname(), process=os.getpid(), started_at=now, looked_at=now)

    async def start(self) -> None:
        """Remember how every grant stands, and say in the vault that we are here."""
        await asyncio.to_thread(worker_health.clear_away, self._vault.sealer, self._vault.clock())
        if self._on_change is not None:
            self._changes = await asyncio.to_thread(Changes, self._vault)
        await self._say_how_it_goes()

    async def run_once(self, stop: asyncio.Event) -> None:
        """Do all that is due now, unless `stop` is set before; raises what goes wrong with the vault."""
        while not stop.is_set() and await self.look() == timedelta(0):
            log.info("more is due refreshed=%d failed=%d", self.health.refreshed, self.health.failed)
        await self.told()

    async def run(self, stop: asyncio.Event) -> None:
        """Look and sleep until `stop` is set; trouble is logged, and tried again."""
        log.info("working id=%s", self.health.id)
        while not stop.is_set():
            try:
                nap = await self.look()
            except Exception as error:
                # Whatever it is, the grants that are due tomorrow need somebody who is still there.
                log.warning("look failed error=%s: %s", type(error).__name__, error)
                nap = LONGEST_NAP
            await _sleep(stop, nap)

    async def look(self) -> timedelta:
        """Do what is due now, and return how long to sleep; nothing when there may be more."""
        due = await asyncio.to_thread(self._vault.due, limit=BATCH)
        await asyncio.gather(*map(self._visit, due))
        await self._probe()
        await self._tell()
        nap = timedelta(0) if len(due) == BATCH else await self._nap()
        if nap or self._vault.clock() - self.health.looked_at >= LONGEST_NAP:
            await self._say_how_it_goes()
        return nap

    async def finish(self) -> None:
        """Let `on_change` come to an end, unless it hangs, and say goodbye in the vault."""
        await self.told(PARTING)
        await asyncio.to_thread(worker_health.leave, self._vault.sealer, self.health.id)

    async def _visit(self, grant: Grant) -> None:
        async with self._few:
            try:
                await AsyncTokens(self._vault, self._line, grant, self._vault.clock).renew()
            except MailgrantError as error:
                await self._put_off(grant, error)
            else:
                self.health = replace(self.health, refreshed=self.health.refreshed + 1)

    async def _put_off(self, grant: Grant, error: MailgrantError) -> None:
        """Count and log a failure, and make the grant due again later, if the failure has not done so."""
        if isinstance(error, ClientBroken):
            self._probes.setdefault(grant.client_id, grant.id)
        log.info("not refreshed grant=%s error=%s", grant.id, type(error).__name__)
        self.health = replace(self.health, failed=self.health.failed + 1, last_error=error.message)
        try:
            await asyncio.to_thread(self._vault.keep, grant)
        except GrantChanged:
            log.debug("grant=%s was changed meanwhile", grant.id)

    async def _probe(self) -> None:
        """Try the clients that Google does not accept, each with one of its grants."""
        for client_id, grant_id in list(self._probes.items()):
            try:
                client = await asyncio.to_thread(self._vault.known_client, client_id)
                grant = await asyncio.to_thread(self._vault.grant, grant_id)
            except MailgrantError:
                # The client or the grant is gone; another grant of the client will take its place.
                del self._probes[client_id]
                continue
            if client.trouble is None:
                del self._probes[client_id]
            elif self._vault.clock() >= next_probe(client.trouble):
                await self._visit(grant)

    async def told(self, patience: timedelta | None = None) -> None:
        """Wait until `on_change` has heard of all that was seen; after `patience` it is cut short."""
        if self._telling is None:
            return
        try:
            await asyncio.wait_for(self._telling, patience.total_seconds() if patience else None)
        except TimeoutError:
            log.warning("on_change was cut short")

    async def _tell(self) -> None:
        """Start to tell what has changed; a slow `on_change` holds up no refresh, and hears the rest later."""
        on_change, changes = self._on_change, self._changes
        if on_change is None or changes is None or (self._telling is not None and not self._telling.done()):
            return
        seen = await asyncio.to_thread(changes.look)
        if seen:
            self._telling = asyncio.create_task(tell(on_change, seen))

    async def _nap(self) -> timedelta:
        first = await asyncio.to_thread(self._vault.next_due)
        return nap_until(first, self._vault.clock())

    async def _say_how_it_goes(self) -> None:
        health = replace(self.health, looked_at=self._vault.clock(), waiting=tuple(sorted(self._probes)))
        version = await asyncio.to_thread(worker_health.keep, self._vault.sealer, health)
        self.health = replace(health, version=version)


async def tell(on_change: OnChange, changes: Sequence[Change]) -> None:
    """Call `on_change` for each change; an exception of its own is logged."""
    for change in changes:
        try:
            told = on_change(change)
            if inspect.isawaitable(told):
                await told
        except Exception:
            log.exception("on_change failed")


def nap_until(first: datetime | None, now: datetime) -> timedelta:
    """Return how long to sleep when the first grant is due at `first`."""
    if first is None or first <= now:
        # Due and yet not found: a row that does not open. Looking at it again at once would not help.
        return LONGEST_NAP
    return min(max(first - now, SHORTEST_NAP), LONGEST_NAP)


@asynccontextmanager
async def stop_on_signals() -> AsyncIterator[asyncio.Event]:
    """
    Give an event that SIGTERM and SIGINT set: what is under way is finished first.

    Signals reach the main thread only, and not everywhere an event loop: elsewhere the task is cancelled.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    heard = []
    if threading.current_thread() is threading.main_thread() and os.name != "nt":
        heard = [signal.SIGTERM, signal.SIGINT]
    for number in heard:
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in heard:
            loop.remove_signal_handler(number)


async def _sleep(stop: asyncio.Event, nap: timedelta) -> None:
    try:
        await asyncio.wait_for(stop.wait(), nap.total_seconds())
    except TimeoutError:
        return
