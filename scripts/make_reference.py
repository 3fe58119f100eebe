"""
Write the reference pages from what they describe: the commands, the errors, the public names, the scopes.

    python scripts/make_reference.py            write docs/reference/{cli,errors,api,scopes}.md
    python scripts/make_reference.py --check    fail when a page is stale

A page says what help, docstrings and tables say, word for word; whoever finds a page wanting mends
those. Nothing is run and nothing is asked of a network.
"""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import click

import mailgrant
from mailgrant import errors
from mailgrant._sync.calendar import BlockingCalendar
from mailgrant._sync.consents import Consents
from mailgrant._sync.gmail import Gmail
from mailgrant._sync.vault_keeping import VaultKeeping
from mailgrant.cli import exits
from mailgrant.cli.tree import DAILY, PLACES, root
from mailgrant.oauth.scope_table import ACCEPTED, DESCRIPTIONS, REACH
from mailgrant.oauth.scopes import Scope

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
NOTE = "<!-- Written by scripts/make_reference.py. Do not edit: change what it describes and run `make docs`. -->"
WIDTH = 100

# What each exit code of `mailgrant.cli.exits` tells a script.
MEANINGS = {
    "DONE": "done",
    "FAILED": "it failed, in a way that has no code of its own",
    "MISUSED": "the command, a file or a setting is not usable as it was given",
    "CONSENT": "a person must be asked, said no, or let the question lapse",
    "UNKNOWN_NAME": "there is no such account, message or file",
    "LOCKED": "the vault's key is missing or does not open it",
    "OUTCOME_UNKNOWN": "it may have happened, or not: look before repeating it",
    "TRY_LATER": "nothing happened; trying later may help",
    "INTERRUPTED": "stopped by Ctrl-C",
}
# What `exits.exit_code` looks at besides the class.
EXCEPTIONS_TO_EXITS = {
    errors.SettingsError: "4 when a file is not there",
    errors.InvalidRequest: "2 when it was refused here, before Google was asked",
}
# The verbs hang on these; those without a public name are reached through an account and a Mailgrant.
REACHED_BY = {
    Gmail: "account.gmail",
    BlockingCalendar: "account.calendar",
    Consents: "mailgrant.consents",
    VaultKeeping: "mailgrant.vault",
}
# How a default is written where Python's own way says less.
DEFAULTS = {"0:10:00": "timedelta(minutes=10)"}
# Public so that other modules of ours may call them; no program has to.
INNER = {
    "from_json",
    "to_json",
    "parse_received",
    "loopback_redirect",
    "pasted_redirect",
    "to_source",
    "place",
    "at_gmail",
    "kept_as",
    "owning_workplace",
    "realm",
    "vault_place",
    "has_vault",
    "open_vault",
    "granted",
    "widened",
}
TWINS = {"connect_async": "connect", "AsyncMailgrant": "Mailgrant", "AsyncAccount": "Account"}


def page(title: str, introduction: str, parts: Iterable[str]) -> str:
    """Put a page together."""
    return "\n\n".join([NOTE, f"# {title}", introduction, *parts]) + "\n"


def table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Write a table; a bar inside a cell is escaped."""
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def block(text: str) -> str:
    """Show text as it is; it is not run."""
    return f"```text\n{text}\n```"


# The commands.


def cli_page() -> str:
    """Describe every command there is."""
    flags = [record for record in map(option_row, root.params) if record]
    introduction = (
        "`mailgrant COMMAND --help` says the same. Output goes to stdout, talk to stderr. With `--json` a list is one"
        " object a line and everything else one object; an error is one object on stderr."
        " [Exit codes](errors.md#exit-codes), [settings](settings.md)."
    )
    everywhere = "## Everywhere\n\nThese may stand before the command or after it.\n\n" + table(
        ("Option", "Means"), flags
    )
    return page(
        "Commands", introduction, [everywhere, shortcuts(), *map(command_section, *zip(*commands(), strict=True))]
    )


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield every command under the words that call it, groups before what is in them."""
    context = click.Context(root)
    for word in PLACES:
        found = root.get_command(context, word)
        if found is None or (word in DAILY and word != "agenda"):
            continue
        yield word, found
        if isinstance(found, click.Group):
            yield from ((f"{word} {name}", found.commands[name]) for name in found.list_commands(context))


def shortcuts() -> str:
    """Say what the short words stand for."""
    context = click.Context(root)
    named = {id(command): words for words, command in commands()}
    rows = [(f"`{word}`", f"`{named[id(root.get_command(context, word))]}`") for word in DAILY if word != "agenda"]
    return "## Short words\n\n" + table(("Short", "Long"), [*rows, ("`agenda`", "`event list --upcoming`")])


def command_section(words: str, command: click.Command) -> str:
    """Describe one command."""
    level = "##" if " " not in words else "###"
    parts = [f"{level} mailgrant {words}", inspect.cleandoc(command.help or "")]
    if not isinstance(command, click.Group):
        usage = " ".join(command.collect_usage_pieces(click.Context(command)))
        parts.append(block(f"mailgrant {words} {usage}".rstrip()))
        rows = [record for record in map(option_row, command.params) if record]
        parts += [table(("Option", "Means"), rows)] if rows else []
        parts.append("Example:\n\n" + block((command.epilog or "").rpartition("Example:\n")[2].strip()))
    return "\n\n".join(parts)


def option_row(parameter: click.Parameter) -> tuple[str, str] | None:
    """Describe one option as its help does; arguments and the global flags of a verb have no row."""
    record = parameter.get_help_record(click.Context(root)) if isinstance(parameter, click.Option) else None
    if record is None:
        return None
    spelled, meaning = record
    return f"`{spelled}`", " ".join(meaning.split())


# The errors.


def errors_page() -> str:
    """Describe every exception and every exit code."""
    introduction = (
        "Every error is a `MailgrantError` from `mailgrant.errors`. It has a `message` (what happened, to whom), a"
        " `hint` (what to do next) and `retryable` (whether the same thing may be tried again). No error holds a"
        ' secret. With `--json` it is `{"error": {"type", "message", "hint", "exit_code"}}`.'
    )
    tree = (errors.__doc__ or "").partition("\n\n")[2].partition("\n\nA class")[0]
    classes = [kind for kind in vars(errors).values() if inspect.isclass(kind) and kind.__module__ == errors.__name__]
    ours = [kind for kind in classes if issubclass(kind, errors.MailgrantError)]
    warnings = [f"* `{kind.__name__}`: {prose(kind)}" for kind in classes if issubclass(kind, Warning)]
    return page(
        "Errors and exit codes",
        introduction,
        [
            block(inspect.cleandoc(tree)),
            exit_codes(),
            "## Each error",
            *map(error_section, ours),
            "## Warnings\n\n" + "\n".join(warnings),
        ],
    )


def exit_codes() -> str:
    """Say what the command line returns to the shell."""
    known = {"DONE": 0} | {name: value for name, value in vars(exits).items() if isinstance(value, int)}
    rows = [(str(value), MEANINGS[name]) for name, value in sorted(known.items(), key=lambda item: item[1])]
    return "## Exit codes\n\n" + table(("Code", "Means"), rows)


def error_section(kind: type[errors.MailgrantError]) -> str:
    """Describe one exception."""
    code = next(code for base, code in exits.TABLE if issubclass(kind, base))
    besides = EXCEPTIONS_TO_EXITS.get(kind)
    facts = [
        f"* hint: {kind.default_hint}" if kind.default_hint else "",
        f"* exit code: {code}" + (f"; {besides}" if besides else ""),
        "* may be tried again" if kind.retryable else "",
        f"* carries: {', '.join(f'`{name}`' for name in carried(kind))}" if carried(kind) else "",
        f"* a kind of: `{kind.__mro__[1].__name__}`" if kind is not errors.MailgrantError else "",
        f"* named by: {', '.join(f'`{verb}`' for verb in raisers(kind.__name__))}" if raisers(kind.__name__) else "",
    ]
    return "\n\n".join([f"### {kind.__name__}", prose(kind), "\n".join(fact for fact in facts if fact)])


def carried(kind: type) -> list[str]:
    """Return the fields an error has beyond every error's."""
    own = inspect.signature(kind).parameters
    fields = [name for name, field in own.items() if field.kind is not field.VAR_KEYWORD]
    return [name for name in fields if name not in ("message", "hint", "revoke", "what")]


def raisers(name: str) -> list[str]:
    """Return the public verbs whose docstring names an error."""
    found = [verb for verb, documented in verbs() if name in (inspect.getdoc(documented) or "")]
    return list(dict.fromkeys(found))


# The public names.


def verbs() -> Iterator[tuple[str, Any]]:
    """Yield `connect` and every class and method that acts, by the name it is reached by."""
    yield "connect", mailgrant.connect
    for kind in (mailgrant.Mailgrant, mailgrant.Account, Consents, VaultKeeping, Gmail, BlockingCalendar):
        shown = REACHED_BY.get(kind, kind.__name__)
        yield shown, kind
        yield from ((f"{shown}.{name}", member) for name, member in members(kind))


def api_page() -> str:
    """Describe every public name, with the methods people call."""
    introduction = (
        "`mailgrant` exports the names below and no others; exceptions are in `mailgrant.errors`"
        " ([errors](errors.md)). Every verb that waits has an awaited twin of the same name on `AsyncMailgrant` and"
        " `AsyncAccount`; listings are `async for` there, and closing is `aclose`."
    )
    acting = [mailgrant.Mailgrant, mailgrant.Account, Consents, VaultKeeping, Gmail, BlockingCalendar]
    public = [(name, getattr(mailgrant, name)) for name in mailgrant.__all__ if name != "__version__"]
    known = {*acting, mailgrant.connect}
    nouns = [
        class_section(name, value)
        for name, value in public
        if name not in TWINS and value not in known and not issubclass(value, Exception)
    ]
    twins = [(f"`{name}`", f"[`{twin}`](#{twin.lower()}), awaited") for name, twin in TWINS.items()]
    return page(
        "The library",
        introduction,
        [
            "## Names\n\n" + ", ".join(f"`{name}`" for name in mailgrant.__all__),
            table(("Twin", "Of"), twins),
            "## Verbs",
            function_section("connect", mailgrant.connect, "###"),
            *(class_section(REACHED_BY.get(kind, kind.__name__), kind) for kind in acting),
            "## Nouns\n\nFrozen values; they never do anything that travels.",
            *nouns,
        ],
    )


def class_section(name: str, kind: type) -> str:
    """Describe one class: what it is, its fields, its methods."""
    parts = [f"### {name}", prose(kind)]
    if dataclasses.is_dataclass(kind):
        rows = [(f"`{field.name}`", f"`{field.type}`") for field in dataclasses.fields(kind) if field.name[0] != "_"]
        parts.append(table(("Field", "Type"), rows))
    elif kind is mailgrant.Mailgrant:
        parts.append(block(signature(name, kind)))
    parts += [function_section(f"{name}.{member}", value, "####") for member, value in members(kind)]
    return "\n\n".join(parts)


def function_section(name: str, value: Any, level: str) -> str:
    """Describe one function, method or property."""
    if not inspect.isfunction(value):
        return f"{level} {name}\n\n{prose(value)}"
    return f"{level} {name}\n\n{block(signature(name, value))}\n\n{prose(value)}"


def members(kind: type) -> Iterator[tuple[str, Any]]:
    """Yield the public methods and properties that a class, or one of ours below it, says something about."""
    inherited = [base for base in kind.__mro__[1:] if base.__module__.startswith("mailgrant._sync")]
    for name, value in (pair for each in (kind, *inherited) for pair in vars(each).items()):
        if name.startswith("_") or name in INNER:
            continue
        found = value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
        if inspect.isfunction(found) or isinstance(found, (property, cached_property)):
            yield name, found


def signature(name: str, function: Callable[..., Any]) -> str:
    """Write how a function is called, over several lines when one is too short."""
    found = inspect.signature(function)
    rows = list(parameter_rows(one for one in found.parameters.values() if one.name not in ("self", "cls")))
    returned = f" -> {found.return_annotation}" if inspect.isfunction(function) else ""
    line = f"{name}({', '.join(rows)}){returned}"
    if len(line) <= WIDTH:
        return line
    return f"{name}(\n" + "".join(f"    {row},\n" for row in rows) + f"){returned}"


def parameter_rows(parameters: Iterable[inspect.Parameter]) -> Iterator[str]:
    """Write each parameter, and the star before those that are named."""
    starred = False
    for parameter in parameters:
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            yield "*"
        starred = starred or parameter.kind in (parameter.VAR_POSITIONAL, parameter.KEYWORD_ONLY)
        stars = "*" if parameter.kind is parameter.VAR_POSITIONAL else ""
        stars = "**" if parameter.kind is parameter.VAR_KEYWORD else stars
        default = parameter.default
        written = "" if default is parameter.empty else f" = {DEFAULTS.get(str(default), repr(default))}"
        yield f"{stars}{parameter.name}: {parameter.annotation}{written}"


def prose(value: Any) -> str:
    """Return a docstring; a sentence that is broken over lines becomes one line again."""
    paragraphs = (inspect.getdoc(value) or "").split("\n\n")
    return "\n\n".join(part if part.startswith("    ") else " ".join(part.split()) for part in paragraphs)


# The scopes.


def scopes_page() -> str:
    """Describe every scope: its name, its words, and the methods it opens."""
    introduction = (
        "Ask for as little as will do. A short name or the whole address may be used everywhere. Besides what is named,"
        " every consent asks for `openid` and `email`, so that the grant has an owner who is known for certain."
    )
    rows = [(f"[`{short}`](#{anchor(short)})", words) for short, words in DESCRIPTIONS.items()]
    return page(
        "Scopes",
        introduction,
        [table(("Scope", "This application may …"), rows), "## Each scope", *map(scope_section, DESCRIPTIONS)],
    )


def anchor(heading: str) -> str:
    """Return the anchor that a heading gets."""
    return heading.lower().replace(".", "")


def scope_section(short: str) -> str:
    """Describe one scope."""
    opened = [method for method, scopes in ACCEPTED.items() if short in scopes]
    narrowest = [method for method in opened if ACCEPTED[method][0] == short]
    facts = [
        f"`{Scope(short)}`: {DESCRIPTIONS[short]}.",
        f"Limited to: {REACH[short]}." if short in REACH else "",
        f"The one to ask for: {listed(narrowest)}." if narrowest else "",
        f"Opens also: {listed(method for method in opened if method not in narrowest)}."
        if len(opened) > len(narrowest)
        else "",
        "" if opened else "Opens no method of Gmail or Calendar: it says who somebody is.",
    ]
    return "\n\n".join([f"### {short}", *(fact for fact in facts if fact)])


def listed(methods: Iterable[str]) -> str:
    """Write methods one after the other."""
    return ", ".join(f"`{method}`" for method in methods)


PAGES = {"cli": cli_page, "errors": errors_page, "api": api_page, "scopes": scopes_page}


def stale() -> list[str]:
    """Return the pages that do not say what they should."""
    return [name for name, write in PAGES.items() if current(FOLDER / f"{name}.md") != write()]


def current(path: Path) -> str:
    """Return what a page says now; nothing when it is not there."""
    return path.read_text(encoding="utf-8") if path.exists() else ""


def main(arguments: list[str]) -> int:
    """Write the pages, or check them; return 1 when one is stale."""
    wrong = stale()
    for name in wrong:
        if "--check" in arguments:
            print(f"docs/reference/{name}.md is stale: run `make docs`", file=sys.stderr)
        else:
            (FOLDER / f"{name}.md").write_text(PAGES[name](), encoding="utf-8")
            print(f"wrote docs/reference/{name}.md")
    return 1 if wrong and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
