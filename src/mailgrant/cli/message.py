"""`mailgrant message`: send, search, read and file mail."""

from __future__ import annotations

import base64
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .invocation import Invocation
from .labelling import label_flags, relabel
from .output import Columns, local, say, to_json
from .searching import list_found, search_flags
from .settling import print_sent, settle, unsettled
from .tree import Noun
from .writing import body_flags, draft_flags, drafted, read_file, read_text, sender_flags

if TYPE_CHECKING:
    from mailgrant import Account, Message


@click.group(cls=Noun)
def message() -> None:
    """Send, search, read and file mail."""


@message.command(
    example='mailgrant send --to ada@example.com --subject Minutes --text "Attached." --attach minutes.pdf'
)
@draft_flags
@click.pass_obj
def send(invocation: Invocation, /, **written: Any) -> None:
    """Send a mail."""
    draft = drafted(**written)
    with invocation.open() as mailgrant:
        print_sent(invocation, invocation.account(mailgrant).gmail.send(draft))


@message.command(example='mailgrant search "from:grace is:unread newer_than:7d"')
@search_flags
@click.pass_obj
def search(invocation: Invocation, /, **asked: Any) -> None:
    """
    List the messages that match, newest first.

    QUERY is what you would type into Gmail.
    """
    columns: Columns[Message] = {
        "id": lambda found: found.id,
        "date": lambda found: found.date,
        "from": lambda found: found.from_,
        "subject": lambda found: found.subject,
    }
    list_found(invocation, lambda account: account.gmail.search, columns, noun="message", **asked)


@message.command(example="mailgrant read 19a3f0c2d4e5b697 --save-attachments .")
@click.argument("message_id", metavar="ID")
@click.option("--save-attachments", metavar="FOLDER", type=click.Path(path_type=Path), help="Write attachments here.")
@click.pass_obj
def read(invocation: Invocation, message_id: str, save_attachments: Path | None) -> None:
    """Show one message."""
    with invocation.open() as mailgrant:
        account = invocation.account(mailgrant)
        found = account.gmail.read(message_id)
        saved = save_all(account, found, save_attachments) if save_attachments else []
    content = to_json(found)
    if saved:
        content["saved"] = [str(path) for path in saved]
    invocation.printer.one(content, as_text(found))
    for path in saved:
        say(f"saved {path}")


@message.command(example='mailgrant message reply 19a3f0c2d4e5b697 --text "Thursday at noon suits me."')
@click.argument("message_id", metavar="ID")
@body_flags
@sender_flags
@click.option("--all", "everybody", is_flag=True, help="Answer everybody, not only the sender.")
@click.pass_obj
def reply(
    invocation: Invocation,
    /,
    message_id: str,
    text: str | None,
    html: Path | None,
    attach: tuple[Path, ...],
    everybody: bool,
    **sender: Any,
) -> None:
    """Answer a message, in its thread."""
    from mailgrant import Attachment

    if text is None and html is None:
        raise click.UsageError("An answer needs --text or --html.")
    said, shown = read_text(text), read_file(html)
    with invocation.open() as mailgrant:
        account = invocation.account(mailgrant)
        me = [account.grant().account, *(each.email for each in account.gmail.send_as())] if everybody else []
        answer = account.gmail.read(message_id).reply(text=said, html=shown, all=everybody, me=me, **sender)
        files = Attachment.collect(attach)
        print_sent(invocation, account.gmail.send(replace(answer, attachments=answer.attachments + files)))


@message.command(example='mailgrant message forward 19a3f0c2d4e5b697 --to grace@example.com --text "As promised."')
@click.argument("message_id", metavar="ID")
@click.option("--to", metavar="A", multiple=True, required=True, help="Whom it goes to; again for more.")
@click.option("--text", help="What stands above it; - reads it from stdin.")
@sender_flags
@click.pass_obj
def forward(invocation: Invocation, /, message_id: str, to: tuple[str, ...], text: str | None, **sender: Any) -> None:
    """Pass a message on, with its attachments."""
    said = read_text(text)
    with invocation.open() as mailgrant:
        print_sent(invocation, invocation.account(mailgrant).gmail.forward(message_id, to, text=said, **sender))


@message.command(example="mailgrant message label 19a3f0c2d4e5b697 --add Lunch --remove UNREAD")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@label_flags
@click.pass_obj
def label(invocation: Invocation, /, ids: tuple[str, ...], **labels: Any) -> None:
    """Put labels on messages, and take labels off."""
    relabel(invocation, ids, ids, count(ids), **labels)


@message.command(example="mailgrant message archive 19a3f0c2d4e5b697")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.pass_obj
def archive(invocation: Invocation, ids: tuple[str, ...]) -> None:
    """Take messages out of the inbox."""
    file_away(invocation, ids, lambda account: account.gmail.archive(ids), "Archived")


@message.command(example="mailgrant message trash 19a3f0c2d4e5b697")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.pass_obj
def trash(invocation: Invocation, ids: tuple[str, ...]) -> None:
    """Move messages to the trash, where they stay for thirty days."""
    file_away(invocation, ids, lambda account: account.gmail.trash(ids), "Trashed")


@message.command(example="mailgrant message raw 19a3f0c2d4e5b697 --to lunch.eml")
@click.argument("message_id", metavar="ID")
@click.option("--to", "path", metavar="FILE", type=click.Path(path_type=Path), help="Write it here, into a new file.")
@click.pass_obj
def raw(invocation: Invocation, message_id: str, path: Path | None) -> None:
    """
    Give a message as it stands, as a file .eml has it.

    Without --to it goes to stdout, which may not be a terminal: a mail could say anything to one.
    """
    if path is None and sys.stdout.isatty():
        raise click.UsageError("Say --to FILE, or send the output into a file or a program.")
    with invocation.open() as mailgrant:
        content = invocation.account(mailgrant).gmail.raw(message_id)
    if path is not None:
        write_eml(path, content)
        invocation.printer.one({"id": message_id, "saved": path}, f"Saved {path}.")
    elif invocation.printer.json:
        invocation.printer.one({"id": message_id, "raw": base64.b64encode(content).decode()}, "")
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)


@message.command(name="import", example="mailgrant message import lunch.eml --label Kept")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--label", "labels", metavar="LABEL", multiple=True, help="Put this label on, made if need be.")
@click.option("--as-new", is_flag=True, help="As if it had just arrived: into the inbox, unread, looked at for spam.")
@click.pass_obj
def import_(invocation: Invocation, files: tuple[Path, ...], labels: tuple[str, ...], as_new: bool) -> None:
    """Put files .eml into the mailbox; nobody is sent anything."""
    with invocation.open() as mailgrant:
        gmail = invocation.account(mailgrant).gmail
        for path in files:
            if as_new:
                put = gmail.import_(path, labels={"INBOX", "UNREAD", *labels}, create=True)
            else:
                put = gmail.insert(path, labels=labels, create=True)
            invocation.printer.one({"id": put.id, "file": path}, f"Put {path} into the mailbox as {put.id}.")


message.add_command(unsettled)
message.add_command(settle)


def write_eml(path: Path, content: bytes) -> None:
    """Write a new file; raises SettingsError when there is one already, or it cannot be written."""
    from mailgrant.errors import SettingsError

    try:
        with path.open("xb") as file:
            file.write(content)
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}.") from error


def file_away(invocation: Invocation, ids: tuple[str, ...], verb: Callable[[Account], None], done: str) -> None:
    """Do one thing to all these messages, and say so."""
    with invocation.open() as mailgrant:
        verb(invocation.account(mailgrant))
    invocation.printer.one({"ids": ids}, f"{done} {count(ids)}.")


def save_all(account: Account, found: Message, folder: Path) -> list[Path]:
    """Write every attachment into `folder`, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    return [account.gmail.save(found, attachment, folder) for attachment in found.attachments]


def as_text(found: Message) -> str:
    """Write a message as a person reads it: the headers that matter, then the body."""
    lines = {
        "From": found.from_,
        "To": addresses(found.to),
        "Cc": addresses(found.cc),
        "Date": local(found.date),
        "Subject": found.subject,
        "Labels": ", ".join(sorted(found.label_ids)),
        "Attached": ", ".join(attachment.name for attachment in found.attachments),
    }
    head = "\n".join(f"{name}: {' '.join(str(value).split())}" for name, value in lines.items() if value)
    return f"{head}\n\n{(found.text or '').rstrip()}"


def addresses(given: object) -> str:
    """Write several addresses on one line."""
    return ", ".join(str(address) for address in given) if isinstance(given, tuple) else str(given or "")


def count(ids: tuple[str, ...]) -> str:
    """Say how many messages."""
    return "1 message" if len(ids) == 1 else f"{len(ids)} messages"
