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
    command = sender_flags(body_flags(command))
    for flag in (
        click.option("--reply-to", metavar="A", multiple=True, help="Where answers go."),
        click.option("--subject", help="What it is about."),
        click.option("--bcc", metavar="A", multiple=True, help="Who gets a blind copy."),
        click.option("--cc", metavar="A", multiple=True, help="Who gets a copy."),
        click.option("--to", metavar="A", multiple=True, help="Whom it goes to; again, or with commas, for more."),
    ):
        command = flag(command)
    return command


def sender_flags(command: F) -> F:
    """Give a command the flags of whom a mail is from."""
    command = click.option("--signature", is_flag=True, help="Sign as Gmail's settings say.")(command)
    return click.option("--from", "from_", metavar="A", help="An address that the account may send as.")(command)


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


def drafted(*, text: str | None, html: Path | None, attach: tuple[Path, ...], **head: Any) -> Draft:
    """Make a Draft of the flags; raises InvalidRequest, naming the field, when one is wrong."""
    from mailgrant import Draft

    if text is None and html is None and not attach:
        raise click.UsageError("The mail is empty: say --text, --html or --attach.")
    given = {name: value for name, value in head.items() if value is not None}
    return Draft(**given, text=read_text(text), html=read_file(html), attachments=attach)


def changes(
    kept: Draft, *, text: str | None, html: Path | None, attach: tuple[Path, ...], **head: Any
) -> dict[str, Any]:
    """Return the fields of `kept` that the flags name, as they are to be; files come to those it has."""
    from mailgrant import Attachment

    changed = {name: value for name, value in head.items() if value}
    # A body of one form makes the other untrue: a text is made anew from the HTML, and HTML goes with the old text.
    if text is not None or html is not None:
        changed |= {"text": read_text(text), "html": read_file(html)}
    if attach:
        changed["attachments"] = kept.attachments + Attachment.collect(attach)
    if not changed:
        raise click.UsageError("Say what is to change: --text, --subject, --to …")
    return changed


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
