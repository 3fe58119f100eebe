"""What Gmail's handlers share: reading ids, bytes and pages out of a call, and writing messages."""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from mailgrant.sandbox.frame.wire import ApiCall
from mailgrant.sandbox.mail import attachment_ids, refusals, render
from mailgrant.sandbox.mail.mailbox import Mailbox, StoredMessage
from mailgrant.sandbox.mail.mime import read_headers
from mailgrant.sandbox.mail.render import Format
from mailgrant.sandbox.mail.threads import Thread

T = TypeVar("T")

METADATA_SCOPE = "https://www.googleapis.com/auth/gmail.metadata"

PAGE_SIZE = 100
LARGEST_PAGE = 500
# What Gmail says for "more than this page", whatever the number is.
ESTIMATE = 201
MOST_IDS = 1000
MOST_LABELS = 100

MESSAGE_ID = re.compile(r"[0-9a-f]{1,16}", re.ASCII)
PAGE_TOKEN = re.compile(r"[0-9]{1,40}", re.ASCII)


def mailbox(call: ApiCall) -> Mailbox:
    """Return the caller's mailbox."""
    return call.person.mailbox


def message(call: ApiCall, name: str = "id") -> StoredMessage:
    """Return the message a parameter names; raises the refusal of an id that cannot be, or is not."""
    held, text = mailbox(call), call.params[name]
    found = held.get(text) or held.get(checked_id(text))
    if found is None:
        raise refusals.not_found()
    return found


def thread(call: ApiCall) -> Thread:
    """Return the thread the call names; raises the refusal of an id that cannot be, or is not."""
    found = mailbox(call).thread(checked_id(call.params["id"]))
    if found is None:
        raise refusals.not_found()
    return found


def checked_id(text: str) -> str:
    """Return an id as it is kept; raises the refusal of a text that is no id."""
    if not MESSAGE_ID.fullmatch(text.lower()):
        raise refusals.invalid_id()
    return text.lower()


def wanted_thread(body: dict[str, Any]) -> str | None:
    """Return the thread a Message resource asks for, None if it asks for none."""
    thread_id: str = body.get("threadId", "")
    if not thread_id:
        return None
    if not MESSAGE_ID.fullmatch(thread_id.lower()):
        raise refusals.invalid("Invalid thread_id value")
    return thread_id.lower()


def raw_of(call: ApiCall, body: dict[str, Any]) -> bytes:
    """Return the bytes of the mail a call brings, uploaded or in `raw`; raises the refusal of none."""
    content = call.media.content if call.media else decode_raw(body.get("raw", ""))
    if not content:
        raise refusals.raw_required()
    return content


def decode_raw(text: str) -> bytes:
    """Return the bytes that base64 of either alphabet stands for, padded or not."""
    digits = "".join(text.split()).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return binascii.a2b_base64(digits + "=" * (-len(digits) % 4))
    except (binascii.Error, ValueError) as error:
        raise refusals.invalid(f"Invalid value at 'raw' (TYPE_BYTES), Base64 decoding failed for \"{text}\"") from error


def message_format(call: ApiCall) -> Format:
    """Return the format asked for; raises the refusal of one that the token's scopes do not show."""
    named = call.params.get("format")
    asked = Format.FULL if named is None else Format(named)
    # A token that merely includes this scope is held to it, even beside one that reads everything.
    if METADATA_SCOPE in call.scopes and asked in (Format.FULL, Format.RAW):
        raise refusals.metadata_scope(f"doesn't allow format {asked.upper()}")
    return asked


def search_text(call: ApiCall) -> str:
    """Return the query of a list call; raises the refusal of one that the token's scopes do not allow."""
    text: str = call.params.get("q", "")
    if text and METADATA_SCOPE in call.scopes:
        raise refusals.metadata_scope("does not support 'q' parameter")
    return text


def found(call: ApiCall) -> int:
    """Return the messages that a list call's query and labels mean."""
    label_ids = call.params.get("labelIds", [])
    mailbox(call).labels.check_known(label_ids)
    everywhere = call.params.get("includeSpamTrash", False)
    return mailbox(call).find(search_text(call), label_ids=label_ids, everywhere=everywhere)


def page(call: ApiCall, entries: Iterable[T], key_of: Callable[[T], int]) -> tuple[list[T], str | None]:
    """Return one page of what comes, and the token of the next; None when nothing follows."""
    size = min(call.params.get("maxResults") or PAGE_SIZE, LARGEST_PAGE)
    taken: list[T] = []
    for entry in entries:
        if len(taken) == size:
            return taken, str(key_of(taken[-1]))
        taken.append(entry)
    return taken, None


def page_start(call: ApiCall) -> int | None:
    """Return the key after which a page begins, None for the first; raises the refusal of a made-up token."""
    token = call.params.get("pageToken", "")
    if not token:
        return None
    if not PAGE_TOKEN.fullmatch(token):
        raise refusals.invalid("Invalid pageToken")
    return int(token)


def listing(name: str, items: list[dict[str, Any]], token: str | None, total: int) -> dict[str, Any]:
    """Return a list answer: no key for an empty list, and an estimate that is right on the last page only."""
    answer: dict[str, Any] = {name: items} if items else {}
    if token:
        answer["nextPageToken"] = token
    return answer | {"resultSizeEstimate": min(total, ESTIMATE) if token else total}


def bare(message: StoredMessage) -> dict[str, Any]:
    """Return a message as lists name it."""
    return {"id": message.id, "threadId": message.thread_id}


def brief(message: StoredMessage) -> dict[str, Any]:
    """Return a message as answers to changes name it: with its labels, if it has any."""
    return bare(message) | ({"labelIds": list(message.labels)} if message.labels else {})


def full(call: ApiCall, message: StoredMessage, asked: Format) -> bytes:
    """Return a Message resource in a format, as encoded JSON."""
    rendered = mailbox(call).rendered(message)
    if asked is Format.FULL:
        fields = ((b"payload", rendered.full(lambda part_id: _attachment_id(call, message, part_id))),)
    elif asked is Format.METADATA:
        headers, _ = read_headers(message.raw)
        fields = ((b"payload", rendered.metadata(headers, call.params.get("metadataHeaders", ()))),)
    elif asked is Format.RAW:
        fields = ((b"raw", f'"{render.base64url(message.raw)}"'.encode()),)
    else:
        return render.message_json(message, rendered.snippet)
    return render.message_json(message, rendered.snippet, *fields)


def _attachment_id(call: ApiCall, message: StoredMessage, part_id: str) -> str:
    serial = call.world.ids.number("attachment")
    return attachment_ids.write(message.id, part_id, serial=serial, now=call.now)


def label_changes(call: ApiCall) -> tuple[list[str], list[str]]:
    """Return the labels to put on and to take off; raises the refusals of users.messages.modify."""
    add, remove = call.body.get("addLabelIds", []), call.body.get("removeLabelIds", [])
    if not add and not remove:
        raise refusals.invalid("No label add or removes specified")
    if max(len(add), len(remove)) > MOST_LABELS:
        raise refusals.invalid(f"Number of labels cannot exceed {MOST_LABELS}")
    mailbox(call).labels.check_changeable([*add, *remove])
    return add, remove
