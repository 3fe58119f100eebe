"""Gmail: which handler answers which method, and the two that belong to no resource."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailgrant.sandbox.frame.wire import ApiCall, Handler
from mailgrant.sandbox.gmail import addresses as gmail_addresses
from mailgrant.sandbox.gmail import calls as gmail_calls
from mailgrant.sandbox.gmail import drafts as gmail_drafts
from mailgrant.sandbox.gmail import labels as gmail_labels
from mailgrant.sandbox.gmail import messages as gmail_messages
from mailgrant.sandbox.gmail import push as gmail_push
from mailgrant.sandbox.gmail import settings as gmail_settings
from mailgrant.sandbox.gmail import threads as gmail_threads
from mailgrant.sandbox.mail import refusals
from mailgrant.sandbox.mail.history import Record


def get_profile(call: ApiCall) -> dict[str, Any]:
    """Answer users.getProfile."""
    mailbox = gmail_calls.mailbox(call)
    return {
        "emailAddress": call.person.email,
        "messagesTotal": len(mailbox),
        "threadsTotal": mailbox.thread_count,
        "historyId": str(mailbox.history.current),
    }


def list_history(call: ApiCall) -> dict[str, Any]:
    """Answer users.history.list; an id that is too old, or from the future, is not found."""
    start = call.params.get("startHistoryId", "")
    if not start:
        raise refusals.invalid("Missing/invalid parameter: startHistoryId")
    history = gmail_calls.mailbox(call).history
    records = history.since(gmail_calls.page_start(call) or int(start), call.now)
    if records is None:
        raise refusals.not_found()
    wanted = (record for record in records if _is_wanted(call, record))
    taken, token = gmail_calls.page(call, wanted, lambda record: record.id)
    answer: dict[str, Any] = {"history": [record.resource() for record in taken]} if taken else {}
    if token:
        answer["nextPageToken"] = token
    return answer | {"historyId": str(history.current)}


def _is_wanted(call: ApiCall, record: Record) -> bool:
    kinds, label_id = call.params.get("historyTypes", []), call.params.get("labelId")
    return (not kinds or record.kind in kinds) and (not label_id or record.concerns(label_id))


HANDLERS: Mapping[str, Handler] = {
    "gmail.users.getProfile": get_profile,
    "gmail.users.history.list": list_history,
    **gmail_messages.HANDLERS,
    **gmail_threads.HANDLERS,
    **gmail_labels.HANDLERS,
    **gmail_drafts.HANDLERS,
    **gmail_settings.HANDLERS,
    **gmail_addresses.HANDLERS,
    **gmail_push.HANDLERS,
}
