"""The token of a sandbox's control API: from a file or stdin, never from the command line, which others can list."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from mailgrant.secret import Secret

Command = TypeVar("Command", bound=Callable[..., Any])

STDIN = "-"
FLAG = "--control-token-file"
NOWHERE = "stdin is the program's own; keep the token in a file."


def with_control_token(help_text: str, *, stdin: bool = True) -> Callable[[Command], Command]:
    """Add the option that names where the token is; the command gets it as `control_token`."""
    told = f"{help_text} - reads stdin." if stdin else help_text
    return click.option(
        FLAG, "control_token", metavar="FILE", type=lambda place: read_token(place, stdin=stdin), help=told
    )


def read_token(place: str, *, stdin: bool = True) -> Secret:
    """Return the first line of a file, or of stdin for `-`; raises BadParameter if there is none."""
    if place == STDIN and not stdin:
        raise click.BadParameter(NOWHERE)
    if place == STDIN:
        text = sys.stdin.readline()
    else:
        try:
            text = Path(place).read_text(encoding="utf-8").partition("\n")[0]
        except (OSError, UnicodeDecodeError) as error:
            raise click.BadParameter(f"{place} cannot be read.") from error
    if not text.strip():
        raise click.BadParameter(f"{'stdin' if place == STDIN else place} holds no token.")
    return Secret(text.strip())
