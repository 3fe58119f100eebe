"""users.drafts: messages not yet sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mailgrant.sandbox.frame.wire import ApiCall, Handler
from mailgrant.sandbox.gmail import calls as gmail_calls
from mailgrant.sandbox.mail import drafts, outgoing, refusals, render
from mailgrant.sandbox.mail.mailbox import StoredMessage
from mailgrant.sandbox.mail.mime import read_headers

# A message's id is well formed here too: it names no draft, which is another answer.
DRAFT_ID = re.compile(r"r-?[0-9]{1,20}|[0-9a-f]{1,16}", re.ASCII)


def create(call: ApiCall) -> dict[str, Any]:
    """Answer users.drafts.create."""
    raw, thread_id = _content(call)
    return _item(call, drafts.create(gmail_calls.mailbox(call), raw, thread_id))


def update(call: ApiCall) -> dict[str, Any]:
    """Answer users.drafts.update: the draft keeps its id, its message is another one."""
    draft_id = _checked_id(call.params["id"])
    drafts.message_of(gmail_calls.mailbox(call), draft_id)
    raw, thread_id = _content(call)
    drafts.replace(gmail_calls.mailbox(call), draft_id, raw, thread_id)
    return _item(call, draft_id)


def get(call: ApiCall) -> bytes:
    """Answer users.drafts.get."""
    draft_id = _checked_id(call.params["id"])
    message = drafts.message_of(gmail_calls.mailbox(call), draft_id)
    content = gmail_calls.full(call, message, gmail_calls.message_format(call))
    return b'{\n  "id": "%s",\n  "message": %s\n}\n' % (draft_id.encode(), render.nested(content, 1))


def list_drafts(call: ApiCall) -> dict[str, Any]:
    """Answer users.drafts.list."""
    mailbox = gmail_calls.mailbox(call)
    found = gmail_calls.found(call) & mailbox.index.labelled("DRAFT")
    coming = mailbox.newest_first(found, gmail_calls.page_start(call))
    saved = (message for message in coming if mailbox.drafts.draft_of(message.id))
    messages, token = gmail_calls.page(call, saved, lambda message: mailbox.index.key(message.ordinal))
    items = [{"id": mailbox.drafts.draft_of(message.id), "message": gmail_calls.bare(message)} for message in messages]
    return gmail_calls.listing("drafts", items, token, found.bit_count() if items else 0)


def delete(call: ApiCall) -> None:
    """Answer users.drafts.delete: gone for ever, not into the trash."""
    mailbox = gmail_calls.mailbox(call)
    mailbox.delete(drafts.message_of(mailbox, _checked_id(call.params["id"])))


def send(call: ApiCall) -> dict[str, Any]:
    """
    Answer users.drafts.send: the draft is gone, and what was sent is a new message.

    A message in the call is sent in place of the saved one. A refused send leaves the draft as it was.
    """
    mailbox = gmail_calls.mailbox(call)
    saved = drafts.message_of(mailbox, _checked_id(call.body.get("id", "")))
    given = call.body.get("message", {})
    raw = gmail_calls.raw_of(call, given) if call.media or given.get("raw") else saved.raw
    sent = call.world.post.send(
        call.person,
        raw,
        gmail_calls.wanted_thread(given),
        method=call.method.id,
        conversation=mailbox.thread(saved.thread_id),
    )
    mailbox.delete(saved)
    return gmail_calls.brief(sent)


def _content(call: ApiCall) -> tuple[bytes, str | None]:
    message = call.body.get("message", {})
    raw = gmail_calls.raw_of(call, message)
    # A draft may have no recipients yet, but those it has must read.
    outgoing.recipients(read_headers(raw)[0])
    return raw, gmail_calls.wanted_thread(message)


def _checked_id(text: str) -> str:
    if not DRAFT_ID.fullmatch(text):
        raise refusals.invalid_id()
    return text


def _item(call: ApiCall, draft_id: str) -> dict[str, Any]:
    message: StoredMessage = drafts.message_of(gmail_calls.mailbox(call), draft_id)
    return {"id": draft_id, "message": gmail_calls.brief(message)}


HANDLERS: Mapping[str, Handler] = {
    "gmail.users.drafts.create": create,
    "gmail.users.drafts.update": update,
    "gmail.users.drafts.get": get,
    "gmail.users.drafts.list": list_drafts,
    "gmail.users.drafts.delete": delete,
    "gmail.users.drafts.send": send,
}
