"""`mailgrant vault`: the vault's state, its key, its backups."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .exits import FAILED
from .invocation import Invocation
from .output import local, printable, say, to_json
from .progress import progress_shown
from .tree import Noun

if TYPE_CHECKING:
    from mailgrant.vault.finding import Finding
    from mailgrant.vault.rotation import Rotated

file_path = click.Path(path_type=Path)
ENVIRONMENT = "environment"
KEPT_IN = {
    "file": "a file of yours",
    "keyring": "the system's keyring",
    "passphrase": "your head",
    ENVIRONMENT: "the environment",
}


@click.group(cls=Noun)
def vault() -> None:
    """Check the vault, change its key, back it up and restore it."""


@vault.command(example="mailgrant vault status")
@click.pass_obj
def status(invocation: Invocation) -> None:
    """Show where the vault is, what opens it, and how much is in it."""
    with invocation.open() as mailgrant:
        found = mailgrant.vault.status()
    rows = ", ".join(f"{count} {table}" for table, count in found.rows.items())
    lines = {
        "Vault": found.place,
        "Id": found.id,
        "Realm": found.realm.value,
        "Store": found.store,
        "Key": found.key_source,
        "Generation": str(found.generation),
        "Restored": local(found.restored_at),
        "Rows": rows or "none",
    }
    invocation.printer.one(found, "\n".join(f"{name + ':':12}{value}" for name, value in lines.items() if value))


@vault.command(example='mailgrant vault check --against "$(cat mark.txt)"')
@click.option("--against", metavar="LINE", help="The line of an earlier mark: find what was put back since.")
@click.option("--discard", is_flag=True, help="Delete the rows that no key will open again.")
@click.pass_obj
def check(invocation: Invocation, against: str | None, discard: bool) -> int:
    """
    Open every row, and look at the files of the vault and its key.

    Prints a mark, one line: keep it where whoever may write the vault cannot. Finding something is exit code 1.
    """
    with invocation.open() as mailgrant:
        done = mailgrant.vault.check(against=against, discard=discard)
    text = done.mark or "\n".join(map(str, done.findings))
    invocation.printer.one({**to_json(done), "findings": to_json(done.findings)}, text)
    opened = f"{sum(done.rows.values())} rows open"
    say(f"{opened}; {len(done.findings)} things are wrong." if done.findings else f"{opened}; nothing is wrong.")
    if done.discarded:
        say(f"deleted {done.discarded} of them; whose grants they were must be asked again.")
    elif any(finding.lost for finding in done.findings):
        say("get lost rows back from a backup (`mailgrant vault restore`), or delete them with --discard.")
    return FAILED if done.findings else 0


@vault.command(example="mailgrant vault rotate")
@click.option(
    "--key",
    "source",
    type=click.Choice(["file", "keyring", "passphrase", "environment"]),
    help="Keep the new key there from now on, and take the old one away. Default: where it is.",
)
@click.option("--compromised", is_flag=True, help="Somebody else may have the key: also say what to do at Google.")
@click.pass_obj
def rotate(invocation: Invocation, source: str | None, compromised: bool) -> int:
    """
    Change the vault's key for a new one, while others go on working.

    Where it was stopped, run it again. With --key the new one is kept elsewhere than the old one was. A
    key in the environment is changed by you: set the new one before the old one (MAILGRANT_KEY=NEW,OLD)
    wherever the vault is used, then rotate, then take the old one out.
    """
    from mailgrant.keeping import google_steps

    with invocation.open() as mailgrant, progress_shown() as show:
        done = mailgrant.vault.rotate(key=source, progress=lambda rows: show(f"{rows} rows"))
        steps = google_steps(invocation.settings.realm().name) if compromised else ()
    where = f", kept in {KEPT_IN[done.key_source]} from now on" if done.moved_from else ""
    text = f"The vault has a new key{where}; {done.resealed} rows were sealed with it."
    content = to_json(done) | ({"steps": list(steps)} if steps else {})
    invocation.printer.one(content, "\n".join([text, *steps]))
    for line in advice(done):
        say(line)
    return told(done.damaged, "does not open with any key, and was left as it is")


@vault.command(example="mailgrant vault backup --to vault.backup")
@click.option("--to", metavar="FILE", type=file_path, required=True, help="A new file.")
@click.pass_obj
def backup(invocation: Invocation, to: Path) -> int:
    """Write grants, clients and audit to a file, sealed as they are. The key is not in it: keep that elsewhere."""
    with invocation.open() as mailgrant:
        done = mailgrant.vault.backup(to)
    text = f"Wrote {done.rows} rows to {done.file}. The key is not in it: without that it is worth nothing."
    invocation.printer.one(done, text)
    return told(done.left_out, "does not open, and is not in the backup")


@vault.command(example="mailgrant vault restore vault.backup")
@click.argument("file", type=file_path)
@click.pass_obj
def restore(invocation: Invocation, file: Path) -> None:
    """Make the vault out of a backup, where there is none. Its key must be where it was, or in MAILGRANT_KEY."""
    with invocation.open() as mailgrant:
        done = mailgrant.vault.restore(file)
    text = f"Restored the vault {done.place} as it was at {local(done.made_at)}: {done.rows} rows."
    invocation.printer.one(done, text)
    say("its grants are unproved until their next refresh: what was revoked or renewed since is not known here.")


def advice(done: Rotated) -> list[str]:
    """Say what is left to do after a rotation."""
    by_hand = ENVIRONMENT in (done.key_source, done.moved_from)
    return [
        *(["this finished a rotation that was stopped before."] if done.resumed else []),
        *(["take the old key out of the environment now, wherever it is set."] if by_hand else []),
        "backups made until now open with the old key only: make a new one.",
    ]


def told(findings: Sequence[Finding], what: str) -> int:
    """Name rows that do not open; return the exit code."""
    for finding in findings:
        say(printable(f"{finding.table} {finding.key} {what}."))
    return FAILED if findings else 0
