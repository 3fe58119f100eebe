"""
Stage: what the demo is played on, and how it is told.

A vault of its own in a temporary folder, a browser that opens consent links, and a narrator.
Nothing of the person's own settings, vaults or accounts is touched.
"""

from __future__ import annotations

import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from mailgrant.errors import MailgrantError

from .output import printable

if TYPE_CHECKING:
    from mailgrant import Mailgrant

SLOW_PAGE = 30.0


class Narrator:
    """Tells a story step by step, on stdout unless that is kept for data."""

    def __init__(self, *, aside: bool) -> None:
        self._stream = sys.stderr if aside else sys.stdout
        self._begun = time.monotonic()
        self.steps: list[str] = []

    def step(self, title: str) -> None:
        """Begin the next step."""
        self.steps.append(title)
        click.secho(f"\n{len(self.steps)}. {title}", file=self._stream, bold=True)

    def tell(self, *lines: str) -> None:
        """Say what happens."""
        for line in lines:
            click.echo(f"   {printable(line)}", file=self._stream)

    def heading(self, text: str) -> None:
        """Say something beside the steps."""
        click.secho(text, file=self._stream, bold=True)

    @property
    def seconds(self) -> float:
        """How long the story has taken so far."""
        return time.monotonic() - self._begun


@contextmanager
def temporary_mailgrant(google: str, client_secrets: dict[str, Any]) -> Iterator[tuple[Mailgrant, Path]]:
    """Open a Mailgrant with a vault of its own, and yield it with the folder where that is; both are gone after."""
    from mailgrant import Mailgrant, Settings

    with TemporaryDirectory(prefix="mailgrant-demo-") as name:
        folder = Path(name)
        settings = Settings(google=google, config_folder=folder / "config", data_folder=folder / "data")
        with Mailgrant(settings=settings, client_secrets=client_secrets) as mailgrant:
            yield mailgrant, folder


def open_in_background(url: str) -> None:
    """Be the browser of somebody whose consent page answers by itself: open `url`, follow where it leads."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def visit() -> None:
        with opener.open(url, timeout=SLOW_PAGE) as page:
            page.read()

    threading.Thread(target=visit, daemon=True, name="mailgrant-demo-browser").start()


def check(holds: object, what: str) -> None:
    """Go on only if it holds; the story is a test as well."""
    if not holds:
        raise MailgrantError(
            f"The demo expected this, and it is not so: {what}.", hint="Please report it, with what is printed above."
        )
