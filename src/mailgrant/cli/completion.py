"""`mailgrant completion`: what a shell needs to complete our words."""

from __future__ import annotations

import click

from .tree import Verb


@click.command(cls=Verb, example='eval "$(mailgrant completion bash)"')
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """
    Print what makes a shell complete our words.

    Put it into the shell's start-up file.
    """
    from click.shell_completion import get_completion_class

    from .tree import root

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    click.echo(kind(root, {}, "mailgrant", "_MAILGRANT_COMPLETE").source())
