"""`mailgrant sandbox`: a Google on this machine, for tests and for trying things."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .control_token import with_control_token
from .extras import require_sandbox
from .moments import as_time, parse_length, parse_moment
from .sandbox_control import COMMANDS
from .tree import Noun

if TYPE_CHECKING:
    from mailgrant.sandbox.serving.server import RunOptions

Command = TypeVar("Command", bound=Callable[..., Any])

path = click.Path(path_type=Path)
SEEDS = ("demo", "empty")


@click.group(cls=Noun)
def sandbox() -> None:
    """Run a Google of your own on this machine."""


def parse_seed(text: str) -> str:
    """Take a seed's name, or a file, whose name has an ending."""
    if text in SEEDS or Path(text).suffix:
        return text
    raise click.BadParameter(f"there is no seed {text!r}: demo, empty, or a file such as team.json or mail.mbox.")


def serving(*, port: int, stdin: bool = True) -> Callable[[Command], Command]:
    """Add the options of a sandbox that is served, at `port` unless told; `stdin` if that is its own."""
    options = (
        click.option(
            "--host",
            default="127.0.0.1",
            show_default=True,
            help="Where to listen; elsewhere than on loopback with --control-token-file.",
        ),
        click.option(
            "--port", type=click.IntRange(0, 65535), default=port, show_default=True, help="0 takes a free one."
        ),
        click.option(
            "--seed",
            metavar="demo|empty|FILE",
            type=parse_seed,
            default="demo",
            show_default=True,
            help="What is there: a week of mail, nothing, or a file (JSON, .mbox, .ics).",
        ),
        click.option(
            "--consent",
            type=click.Choice(["page", "auto", "deny"]),
            default="page",
            show_default=True,
            help="Who answers the consent page: you, or the sandbox with yes or no.",
        ),
        click.option(
            "--quota",
            type=click.Choice(["2026", "legacy", "off"]),
            default="2026",
            show_default=True,
            help="Google's limits.",
        ),
        click.option(
            "--together",
            metavar="N",
            type=click.IntRange(1),
            default=10,
            show_default=True,
            help="How many calls to Gmail one person may have under way.",
        ),
        with_control_token("Where the token is that the control API then wants to be shown.", stdin=stdin),
        click.option(
            "--latency", metavar="LENGTH", type=parse_length, default="0ms", help="Wait before each answer: 60ms."
        ),
        click.option("--data", metavar="FOLDER", type=path, help="Where it writes its files. [a temporary folder]"),
        click.option("--now", metavar="WHEN", type=parse_moment, help="Where its clock starts. [the real time]"),
        click.option("--ready-file", metavar="FILE", type=path, help="Write the ready line here as well."),
        click.option("--record", metavar="FILE", type=path, help="Write what is asked here, for people to read."),
    )

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


@sandbox.command(example="mailgrant sandbox run --port 8025 --consent auto")
@serving(port=8025)
def run(**options: Any) -> int:
    """
    Serve consent page, OAuth, Gmail and Calendar on localhost, until Ctrl-C.

    One line of JSON on stdout says when it is ready, and where.
    """
    require_sandbox()
    from mailgrant.sandbox.serving.server import run as serve

    return serve(_run_options(**options))


@sandbox.command(
    "exec",
    example="mailgrant sandbox exec --consent auto -- python newsletter.py",
    context_settings={"allow_interspersed_args": False},
)
@serving(port=0, stdin=False)
@click.option("--allow", metavar="HOST", multiple=True, help="A host that may really be reached; repeatable.")
@click.option("--keep-credentials", is_flag=True, help="Keep GOOGLE_APPLICATION_CREDENTIALS and CLOUDSDK_CONFIG.")
@click.option("--netns", is_flag=True, help="Linux: a network of its own, with nothing on it but the sandbox.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def exec_(command: tuple[str, ...], allow: tuple[str, ...], keep_credentials: bool, netns: bool, **options: Any) -> int:
    """
    Run a program, unchanged, with a sandbox in Google's place.

    Google's host names lead to a sandbox that lives as long as the program; the proxy refuses all other
    hosts. The program is led, not jailed: one that honours neither proxy nor hook reaches the real network.
    Only --netns confines it.
    """
    require_sandbox()
    from mailgrant.sandbox.serving.exec import ExecOptions, run_exec
    from mailgrant.sandbox.serving.leading import allowed_hosts

    asked = ExecOptions(
        command,
        serving=_run_options(**options),
        allowed=allowed_hosts(allow),
        keep_credentials=keep_credentials,
        confined=netns,
    )
    return run_exec(asked)


def _run_options(now: date | None, **options: Any) -> RunOptions:
    from mailgrant.sandbox.serving.server import RunOptions

    return RunOptions(now=as_time(now, "UTC") if now is not None else None, **options)


for command in COMMANDS:
    sandbox.add_command(command)
