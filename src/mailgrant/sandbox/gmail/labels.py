"""users.labels: the labels of a mailbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailgrant.sandbox.frame.wire import ApiCall, Handler
from mailgrant.sandbox.gmail import calls as gmail_calls


def list_labels(call: ApiCall) -> dict[str, Any]:
    """Answer users.labels.list, which counts nothing."""
    labels = gmail_calls.mailbox(call).labels
    return {"labels": [labels.resource(label_id) for label_id in labels]}


def get(call: ApiCall) -> dict[str, Any]:
    """Answer users.labels.get, the only one that counts."""
    mailbox, label_id = gmail_calls.mailbox(call), call.params["id"]
    return mailbox.labels.resource(label_id) | mailbox.counts(label_id)


def create(call: ApiCall) -> dict[str, Any]:
    """Answer users.labels.create."""
    labels = gmail_calls.mailbox(call).labels
    return labels.resource(labels.create(call.body).id)


def update(call: ApiCall) -> dict[str, Any]:
    """Answer users.labels.update: what the body leaves out goes back to its default."""
    return _change(call, replace=True)


def patch(call: ApiCall) -> dict[str, Any]:
    """Answer users.labels.patch: what the body leaves out stays."""
    return _change(call, replace=False)


def delete(call: ApiCall) -> None:
    """Answer users.labels.delete: the label comes off every message too."""
    mailbox, label_id = gmail_calls.mailbox(call), call.params["id"]
    mailbox.labels.delete(label_id)
    mailbox.forget_label(label_id)


def _change(call: ApiCall, *, replace: bool) -> dict[str, Any]:
    labels, label_id = gmail_calls.mailbox(call).labels, call.params["id"]
    labels.change(label_id, call.body, replace=replace)
    return labels.resource(label_id)


HANDLERS: Mapping[str, Handler] = {
    "gmail.users.labels.list": list_labels,
    "gmail.users.labels.get": get,
    "gmail.users.labels.create": create,
    "gmail.users.labels.update": update,
    "gmail.users.labels.patch": patch,
    "gmail.users.labels.delete": delete,
}
