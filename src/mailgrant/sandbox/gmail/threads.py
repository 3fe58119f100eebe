"""users.threads: conversations, and changes to all messages of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mailgrant.sandbox.frame.wire import ApiCall, Handler
from mailgrant.sandbox.gmail import calls as gmail_calls
from mailgrant.sandbox.mail import render
from mailgrant.sandbox.mail.mailbox import Mailbox, StoredMessage


def list_threads(call: ApiCall) -> dict[str, Any]:
    """Answer users.threads.list: the threads of the messages found, newest first."""
    mailbox = gmail_calls.mailbox(call)
    found = gmail_calls.found(call)
    coming = _newest_of_threads(mailbox, found, gmail_calls.page_start(call))
    messages, token = gmail_calls.page(call, coming, lambda message: mailbox.index.key(message.ordinal))
    items = [_item(mailbox, message) for message in messages]
    return gmail_calls.listing("threads", items, token, found.bit_count() if token else len(items))


def get(call: ApiCall) -> bytes:
    """Answer users.threads.get."""
    asked = gmail_calls.message_format(call)
    messages = gmail_calls.mailbox(call).messages_of(gmail_calls.thread(call))
    history_id = max(message.history_id for message in messages)
    head = f'{{\n  "id": "{messages[0].thread_id}",\n  "historyId": "{history_id}",\n  "messages": [\n    '
    inner = (render.nested(gmail_calls.full(call, message, asked), 2) for message in messages)
    return head.encode() + b",\n    ".join(inner) + b"\n  ]\n}\n"


def modify(call: ApiCall) -> dict[str, Any]:
    """Answer users.threads.modify."""
    thread = gmail_calls.thread(call)
    add, remove = gmail_calls.label_changes(call)
    return _relabel(call, gmail_calls.mailbox(call).messages_of(thread), add, remove)


def trash(call: ApiCall) -> dict[str, Any]:
    """Answer users.threads.trash."""
    messages = gmail_calls.mailbox(call).messages_of(gmail_calls.thread(call))
    return _relabel(call, messages, ["TRASH"], ["INBOX"])


def untrash(call: ApiCall) -> dict[str, Any]:
    """Answer users.threads.untrash."""
    return _relabel(call, gmail_calls.mailbox(call).messages_of(gmail_calls.thread(call)), [], ["TRASH"])


def delete(call: ApiCall) -> None:
    """Answer users.threads.delete: all its messages are gone for ever."""
    mailbox = gmail_calls.mailbox(call)
    for message in mailbox.messages_of(gmail_calls.thread(call)):
        mailbox.delete(message)


def _relabel(call: ApiCall, messages: list[StoredMessage], add: list[str], remove: list[str]) -> dict[str, Any]:
    for message in messages:
        gmail_calls.mailbox(call).relabel(message, add=add, remove=remove)
    return {"id": messages[0].thread_id, "messages": [gmail_calls.brief(message) for message in messages]}


def _newest_of_threads(mailbox: Mailbox, found: int, below: int | None) -> Iterator[StoredMessage]:
    """Yield each thread once, by its newest message found; so a page needs to know nothing of the ones before."""
    for message in mailbox.newest_first(found, below):
        thread = mailbox.thread(message.thread_id)
        siblings = thread.ordinals if thread else []
        own = mailbox.index.key(message.ordinal)
        if not any(found >> other & 1 and mailbox.index.key(other) > own for other in siblings):
            yield message


def _item(mailbox: Mailbox, message: StoredMessage) -> dict[str, Any]:
    thread = mailbox.thread(message.thread_id)
    messages = mailbox.messages_of(thread) if thread else [message]
    return {
        "id": message.thread_id,
        "snippet": mailbox.rendered(messages[-1]).snippet,
        "historyId": str(max(each.history_id for each in messages)),
    }


HANDLERS: Mapping[str, Handler] = {
    "gmail.users.threads.list": list_threads,
    "gmail.users.threads.get": get,
    "gmail.users.threads.modify": modify,
    "gmail.users.threads.trash": trash,
    "gmail.users.threads.untrash": untrash,
    "gmail.users.threads.delete": delete,
}
