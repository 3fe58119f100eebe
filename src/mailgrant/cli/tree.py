"""
The command tree: which words there are, and where each one lives.

The root knows names only; a noun's module is imported when the noun is called. The global flags may
stand before the command or after it.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from mailgrant._version import __version__

if TYPE_CHECKING:
    from .invocation import Invocation

# Word → module:attribute, in the order in which help shows them.
DAILY = {
    "login": "grant:ask",
    "status": "grant:list_",
    "send": "message:send",
    "search": "message:search",
    "read": "message:read",
    "agenda": "event:agenda",
}
NOUNS = {
    "init": "init:init",
    "client": "client:client",
    "grant": "grant:grant",
    "token": "token:token",
    "vault": "vault:vault",
    "audit": "audit:audit",
    "message": "message:message",
    "draft": "draft:draft",
    "thread": "thread:thread",
    "label": "label:label",
    "event": "event:event",
    "calendar": "calendar:calendar",
    "serve": "serve:serve",
    "sandbox": "sandbox:sandbox",
    "demo": "demo:demo",
    "completion": "completion:completion",
}
PLACES = {**DAILY, **NOUNS}
# How much help says about a command where it lists many.
LONGEST_LINE = 80


def remember(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    """Note a global flag, wherever it stood; the last one wins."""
    refuse_empty(context, parameter, value)
    if value:
        invocation: Invocation = context.obj
        invocation.flags[str(parameter.name)] = value


def refuse_empty(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """
    Take what was typed, but not nothing.

    Where it came from a script's variable that was not set, it would mean whoever there is, and everything.
    """
    if value == "" or (isinstance(value, tuple) and not all(map(str.strip, value))):
        raise click.BadParameter("It is empty.", context, parameter)
    return value


def global_flags(*, hidden: bool) -> list[click.Option]:
    """Make the flags that every command takes; only the root's help shows them."""
    shared: dict[str, Any] = {"callback": remember, "expose_value": False, "is_eager": True, "hidden": hidden}
    return [
        click.Option(["--account"], metavar="EMAIL", help="Whose mail and calendar. [MAILGRANT_ACCOUNT]", **shared),
        click.Option(["--json"], is_flag=True, help="Print JSON. [MAILGRANT_JSON]", **shared),
        click.Option(["--settings"], metavar="FILE", help="Another settings.toml. [MAILGRANT_SETTINGS]", **shared),
        click.Option(["--google"], metavar="URL", help="A sandbox in Google's place. [MAILGRANT_GOOGLE]", **shared),
        click.Option(["--vault"], metavar="PLACE", help="Another vault: a path or a URL. [MAILGRANT_VAULT]", **shared),
        click.Option(["-v", "--verbose"], is_flag=True, help="Show where an error comes from.", **shared),
    ]


class Verb(click.Command):
    """A command; its help ends with an example."""

    def __init__(self, *words: Any, example: str, **attributes: Any) -> None:
        attributes["epilog"] = f"\b\nExample:\n  {example}"
        super().__init__(*words, **attributes)
        self.params = [*self.params, *global_flags(hidden=True)]


class Noun(click.Group):
    """A noun: the verbs that go with one kind of thing, in the order in which they were written."""

    command_class = Verb

    def __init__(self, *words: Any, **attributes: Any) -> None:
        super().__init__(*words, **attributes)
        self.params = [*self.params, *global_flags(hidden=True)]

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


class Root(click.Group):
    """`mailgrant` itself."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(PLACES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in PLACES:
            return None
        module, attribute = PLACES[cmd_name].split(":")
        found: click.Command = getattr(import_module(f".{module}", __package__), attribute)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for heading, words in (("Every day", DAILY), ("All the rest", NOUNS)):
            with formatter.section(heading):
                formatter.write_dl(self._rows(ctx, words))

    def _rows(self, ctx: click.Context, words: Iterable[str]) -> list[tuple[str, str]]:
        commands = {word: self.get_command(ctx, word) for word in words}
        return [(word, found.get_short_help_str(LONGEST_LINE)) for word, found in commands.items() if found is not None]


WHAT = """
Act on people's Gmail and Calendar with their consent, never their password.

The options below may stand before the command or after it.
"""
FIRST_STEPS = """
\b
Example:
  mailgrant login --scope gmail.send
  mailgrant send --to ada@example.com --subject Lunch --text "At noon?"
"""

root = Root(
    "mailgrant",
    params=global_flags(hidden=False),
    help=WHAT,
    epilog=FIRST_STEPS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
click.version_option(__version__, prog_name="mailgrant", message="%(prog)s %(version)s")(root)
