"""Writing: the flags that describe a mail, shared by `message` and `draft`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from mailgrant import Draft

F = TypeVar("F", bound=Callable[..., Any])

STDIN = "-"


def draft_flags(command: F) -> F:
    """Give a command the flags of a whole mail."""
    command = body_flags(command)
    for flag in (
        click.option("--subject", default="", help="What it is about."),
        click.option("--bcc", metavar="A", multiple=True, help="Who gets a blind copy."),
        click.option("--cc", metavar="A", multiple=True, help="Who gets a copy."),
        click.option("--to", metavar="A", multiple=True, help="Whom it goes to; again, or with commas, for more."),
    ):
        command = flag(command)
    return command


def body_flags(command: F) -> F:
    """Give a command the flags of what a mail says."""
    path = click.Path(path_type=Path)
    for flag in (
        click.option(
            "--attach", metavar="FILE", multiple=True, type=path, help="A file to go with it; again for more."
        ),
        click.option("--html", metavar="FILE", type=path, help="A file with the HTML; a text is made from it."),
        click.option("--text", help="The text; - reads it from stdin."),
    ):
        command = flag(command)
    return command


def drafted(
    *,
    to: tuple[str, ...],
    cc: tuple[str, ...],
    bcc: tuple[str, ...],
    subject: str,
    text: str | None,
    html: Path | None,
    attach: tuple[Path, ...],
) -> Draft:
    """Make a Draft of the flags; raises InvalidRequest, naming the field, when one is wrong."""
    from mailgrant import Draft

    if text is None and html is None and not attach:
        raise click.UsageError("The mail is empty: say --text, --html or --attach.")
    return Draft(to=to, cc=cc, bcc=bcc, subject=subject, text=read_text(text), html=read_file(html), attachments=attach)


def read_text(text: str | None) -> str | None:
    """Return what --text says, or stdin when it says `-`."""
    return sys.stdin.read() if text == STDIN else text


def read_file(path: Path | None) -> str | None:
    """Read a text file; raises SettingsError when that cannot be done."""
    from mailgrant.errors import SettingsError

    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError(f"{path} cannot be read: {why}.", hint="Nothing was sent.") from error
