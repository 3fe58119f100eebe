"""
Command: tell a program about each change of a grant, as one JSON object on its standard input.

It is started by its own words, never through a shell, and waited for. One that fails, hangs or is not
there is logged; it never stops the worker.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .changes import Change

log = logging.getLogger(__name__)
PATIENCE = 60.0


def by_command(command: Sequence[str], *, patience: float = PATIENCE) -> Callable[[Change], Awaitable[None]]:
    """Return an `on_change` that starts `command` for each change, and gives it `patience` seconds."""

    async def tell(change: Change) -> None:
        try:
            process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE)
        except OSError as error:
            log.warning("on-change cannot be started: %s", error.strerror)
            return
        try:
            await asyncio.wait_for(process.communicate(as_json(change)), patience)
        except TimeoutError:
            process.kill()
            await process.wait()
            log.warning("on-change took longer than %d seconds and was ended", patience)
            return
        if process.returncode != 0:
            log.warning("on-change failed exit=%s", process.returncode)

    return tell


def as_json(change: Change) -> bytes:
    """Write a change as one line of JSON: times as RFC 3339, what is absent left out."""
    values = {**asdict(change), "at": change.at.isoformat().replace("+00:00", "Z")}
    return json.dumps({name: value for name, value in values.items() if value is not None}).encode() + b"\n"
