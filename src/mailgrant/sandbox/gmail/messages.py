"""users.messages: reading, sending, storing and changing messages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from mailgrant.sandbox.frame.wire import ApiCall, Handler
from mailgrant.sandbox.gmail import calls as gmail_calls
from mailgrant.sandbox.mail import attachment_ids, refusals, render
from mailgrant.sandbox.mail.drafts import check_thread
from mailgrant.sandbox.mail.labels import SYSTEM
from mailgrant.sandbox.mail.mailbox import StoredMessage
from mailgrant.sandbox.mail.mime import first_header, parse, read_headers

LONGEST_DATE = 200


def list_messages(call: ApiCall) -> dict[str, Any]:
    """Answer users.messages.list."""
    mailbox = gmail_calls.mailbox(call)
    found = gmail_calls.found(call)
    coming = mailbox.newest_first(found, gmail_calls.page_start(call))
    messages, token = gmail_calls.page(call, coming, lambda message: mailbox.index.key(message.ordinal))
    items = [gmail_calls.bare(message) for message in messages]
    return gmail_calls.listing("messages", items, token, found.bit_count() if items else 0)


def get(call: ApiCall) -> bytes:
    """Answer users.messages.get."""
    asked = gmail_calls.message_format(call)
    return gmail_calls.full(call, gmail_calls.message(call), asked)


def get_attachment(call: ApiCall) -> dict[str, Any]:
    """Answer users.messages.attachments.get: size and data, nothing more."""
    message = gmail_calls.message(call, "messageId")
    part_id = attachment_ids.read(call.params["id"], message.id, now=call.now)
    content = None if part_id is None else render.attachment(parse(message.raw), part_id)
    if content is None:
        raise refusals.invalid("Invalid attachment token")
    return {"size": len(content), "data": render.base64url(content)}


def send(call: ApiCall) -> dict[str, Any]:
    """Answer users.messages.send; labels in the body are ignored."""
    raw, thread_id = gmail_calls.raw_of(call, call.body), gmail_calls.wanted_thread(call.body)
    return gmail_calls.brief(call.world.post.send(call.person, raw, thread_id, method=call.method.id))


def insert(call: ApiCall) -> dict[str, Any]:
    """Answer users.messages.insert, which is what IMAP's APPEND is."""
    return _store(call, call.params.get("internalDateSource", "receivedTime"))


def import_(call: ApiCall) -> dict[str, Any]:
    """Answer users.messages.import, which is as if the mail had come by SMTP."""
    return _store(call, call.params.get("internalDateSource", "dateHeader"))


def modify(call: ApiCall) -> dict[str, Any]:
    """Answer users.messages.modify."""
    message = gmail_calls.message(call)
    add, remove = gmail_calls.label_changes(call)
    if "DRAFT" in message.labels:
        _refuse_user_labels(add)
    gmail_calls.mailbox(call).relabel(message, add=add, remove=remove)
    return gmail_calls.brief(message)


def batch_modify(call: ApiCall) -> None:
    """Answer users.messages.batchModify; ids that nothing has are passed over."""
    messages = _several(call)
    add, remove = gmail_calls.label_changes(call)
    for message in messages:
        gmail_calls.mailbox(call).relabel(message, add=add, remove=remove)


def trash(call: ApiCall) -> dict[str, Any]:
    """Answer users.messages.trash; a message in the trash is not in the inbox."""
    message = gmail_calls.message(call)
    gmail_calls.mailbox(call).relabel(message, add=["TRASH"], remove=["INBOX"])
    return gmail_calls.brief(message)


def untrash(call: ApiCall) -> dict[str, Any]:
    """Answer users.messages.untrash; it does not come back into the inbox."""
    message = gmail_calls.message(call)
    gmail_calls.mailbox(call).relabel(message, remove=["TRASH"])
    return gmail_calls.brief(message)


def delete(call: ApiCall) -> None:
    """Answer users.messages.delete: gone for ever."""
    gmail_calls.mailbox(call).delete(gmail_calls.message(call))


def batch_delete(call: ApiCall) -> None:
    """Answer users.messages.batchDelete; ids that nothing has are passed over."""
    for message in _several(call):
        gmail_calls.mailbox(call).delete(message)


def _store(call: ApiCall, date_source: str) -> dict[str, Any]:
    mailbox = gmail_calls.mailbox(call)
    raw, thread_id = gmail_calls.raw_of(call, call.body), gmail_calls.wanted_thread(call.body)
    labels = tuple(dict.fromkeys(call.body.get("labelIds", ())))
    # Mail may be put among the sent; what is a draft or a chat, Gmail alone says.
    mailbox.labels.check_changeable([label for label in labels if label != "SENT"])
    check_thread(mailbox, thread_id)
    at = (_date_header(raw) if date_source == "dateHeader" else None) or call.now
    message = mailbox.add(raw, labels=labels, at=at, thread_id=thread_id)
    if call.params.get("deleted"):
        # Only the organisation's archive would still show it.
        mailbox.delete(message)
    return gmail_calls.brief(message)


def _date_header(raw: bytes) -> datetime | None:
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(first_header(read_headers(raw)[0], "date")[:LONGEST_DATE])
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _several(call: ApiCall) -> list[StoredMessage]:
    ids = call.body.get("ids", [])
    if len(ids) > gmail_calls.MOST_IDS:
        raise refusals.invalid(f"Number of ids cannot exceed {gmail_calls.MOST_IDS}")
    found = (gmail_calls.mailbox(call).get(gmail_calls.checked_id(text)) for text in dict.fromkeys(ids))
    return [message for message in found if message is not None]


def _refuse_user_labels(label_ids: list[str]) -> None:
    """A draft is a draft and nothing else (users.drafts)."""
    for label_id in label_ids:
        if label_id not in SYSTEM:
            raise refusals.invalid_label(label_id)


HANDLERS: Mapping[str, Handler] = {
    "gmail.users.messages.list": list_messages,
    "gmail.users.messages.get": get,
    "gmail.users.messages.attachments.get": get_attachment,
    "gmail.users.messages.send": send,
    "gmail.users.messages.insert": insert,
    "gmail.users.messages.import": import_,
    "gmail.users.messages.modify": modify,
    "gmail.users.messages.batchModify": batch_modify,
    "gmail.users.messages.trash": trash,
    "gmail.users.messages.untrash": untrash,
    "gmail.users.messages.delete": delete,
    "gmail.users.messages.batchDelete": batch_delete,
}
