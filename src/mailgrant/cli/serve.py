"""`mailgrant serve`: what runs on and on beside an application."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import TYPE_CHECKING

import click

from .invocation import Invocation
from .tree import Noun

if TYPE_CHECKING:
    from mailgrant.vault.worker_health import WorkerHealth

EMPTY = "no worker says that it lives. Start one with `mailgrant serve worker`."


@click.group(cls=Noun)
def serve() -> None:
    """Run what works in the background."""


@serve.command(
    example="mailgrant serve worker --on-change notify-operators --channel mail",
    context_settings={"allow_interspersed_args": False},
)
@click.option("--once", is_flag=True, help="Do what is due now, and end.")
@click.option("--status", is_flag=True, help="Show the workers of this vault, and how they fare.")
@click.option("--on-change", is_flag=True, help="Start COMMAND when a grant changes; it gets JSON on its stdin.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def worker(invocation: Invocation, once: bool, status: bool, on_change: bool, command: tuple[str, ...]) -> None:
    """
    Refresh grants ahead of time, and try again what Google refuses, until Ctrl-C.

    Any number may run on one vault. COMMAND is started by its own words, without a shell, when a grant
    dies, is paused, works again, is revoked or consented to; the options of this command stand before it.
    """
    if on_change != bool(command):
        raise click.UsageError("--on-change needs a command after it." if on_change else "A command needs --on-change.")
    if status and (once or on_change):
        raise click.UsageError("--status shows, and does nothing else.")
    if status:
        show(invocation)
        return
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s")
    asyncio.run(work(invocation, once, command))


async def work(invocation: Invocation, once: bool, command: tuple[str, ...]) -> None:
    """Work until told to stop."""
    from mailgrant import AsyncMailgrant
    from mailgrant.worker import run_worker
    from mailgrant.worker.command import by_command

    invocation.announce()
    async with AsyncMailgrant(settings=invocation.settings) as mailgrant:
        await run_worker(mailgrant, on_change=by_command(command) if command else None, once=once)


def show(invocation: Invocation) -> None:
    """List the workers that say that they live."""
    invocation.printer.many(asyncio.run(workers(invocation)), COLUMNS, empty=EMPTY)


async def workers(invocation: Invocation) -> tuple[WorkerHealth, ...]:
    """Read what the workers said of themselves."""
    from mailgrant import AsyncMailgrant
    from mailgrant.worker import workers_of

    invocation.announce()
    async with AsyncMailgrant(settings=invocation.settings) as mailgrant:
        return await workers_of(mailgrant)


COLUMNS = {
    "host": lambda health: health.host,
    "process": lambda health: health.process,
    "since": lambda health: health.started_at,
    "last look": lambda health: health.looked_at,
    "refreshed": lambda health: health.refreshed,
    "failed": lambda health: health.failed,
    "last error": lambda health: health.last_error,
}
