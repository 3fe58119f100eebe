"""`mailgrant sandbox`: a Google on this machine, for tests and for trying things."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import click

from .extras import require_sandbox
from .moments import as_time, parse_length, parse_moment
from .tree import Noun

path = click.Path(path_type=Path)


@click.group(cls=Noun)
def sandbox() -> None:
    """Run a Google of your own on this machine."""


@sandbox.command(example="mailgrant sandbox run --port 8025 --consent auto")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen; loopback only.")
@click.option("--port", type=click.IntRange(0, 65535), default=8025, show_default=True, help="0 takes a free one.")
@click.option("--seed", type=click.Choice(["demo", "empty"]), default="demo", show_default=True, help="What is there.")
@click.option(
    "--consent",
    type=click.Choice(["page", "auto", "deny"]),
    default="page",
    show_default=True,
    help="Who answers the consent page: you, or the sandbox with yes or no.",
)
@click.option(
    "--quota", type=click.Choice(["2026", "legacy", "off"]), default="2026", show_default=True, help="Google's limits."
)
@click.option("--latency", metavar="LENGTH", type=parse_length, default="0ms", help="Wait before each answer: 60ms.")
@click.option("--data", metavar="FOLDER", type=path, help="Where it writes its files. [a temporary folder]")
@click.option("--now", metavar="WHEN", type=parse_moment, help="Where its clock starts. [the real time]")
@click.option("--ready-file", metavar="FILE", type=path, help="Write the ready line here as well.")
def run(
    host: str,
    port: int,
    seed: str,
    consent: str,
    quota: str,
    latency: timedelta,
    data: Path | None,
    now: date | None,
    ready_file: Path | None,
) -> int:
    """
    Serve consent page, OAuth, Gmail and Calendar on localhost, until Ctrl-C.

    One line of JSON on stdout says when it is ready, and where.
    """
    require_sandbox()
    from mailgrant.sandbox.server import RunOptions
    from mailgrant.sandbox.server import run as serve

    return serve(
        RunOptions(
            host=host,
            port=port,
            seed=seed,
            consent=consent,
            quota=quota,
            latency=latency,
            data=data,
            now=as_time(now, "UTC") if now is not None else None,
            ready_file=ready_file,
        )
    )
