"""
One conversation per Gmail call.

Each is a generator: it yields requests, is sent the answers, and returns a noun; the shells carry
it out. A mail is addressed to `me`, whose the token is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from mailgrant.errors import InvalidRequest, NotFound
from mailgrant.http import Call, Request, with_query
from mailgrant.listing import Page

from .attachment import Attachment, Place
from .download import Collected, Target, Unpacking
from .draft import Draft, DraftRef
from .message import Message, MessageRef, Profile, Sent, Thread, ThreadRef
from .payload import (
    detached_bodies,
    history_id_of,
    object_of,
    objects_of,
    text_of,
    tree_of,
)
from .query_text import checked
from .resource import GMAIL, address, json_of, segment
from .source import Source
from .upload import carry

if TYPE_CHECKING:
    from .query import Query

T = TypeVar("T")
Kept = TypeVar("Kept", bound=Target)

USUAL_PAGE = 100
LARGEST_PAGE = 500


def profile() -> Call[Profile]:
    """Ask whose mailbox it is, and how much is in it."""
    response = yield Request.get(f"{GMAIL}/profile", operation="gmail.users.getProfile")
    return Profile.from_json(json_of(response))


def list_messages(
    query: str | Query = "",
    *,
    label_ids: Collection[str] = (),
    page_token: str | None = None,
    page_size: int = USUAL_PAGE,
    include_spam_trash: bool = False,
) -> Call[Page[MessageRef]]:
    """Ask for a page of the messages that match the query and have all the labels, newest first."""
    found = yield from _list("messages", query, label_ids, page_token, page_size, include_spam_trash)
    return _page(found, "messages", _message_ref)


def list_threads(
    query: str | Query = "",
    *,
    label_ids: Collection[str] = (),
    page_token: str | None = None,
    page_size: int = USUAL_PAGE,
    include_spam_trash: bool = False,
) -> Call[Page[ThreadRef]]:
    """Ask for a page of the conversations that have a message that matches."""
    found = yield from _list("threads", query, label_ids, page_token, page_size, include_spam_trash)
    return _page(found, "threads", ThreadRef.from_json)


def read(message_id: str, *, bodies: bool = True) -> Call[Message]:
    """Ask for a message: with `bodies` whole, a body that Gmail keeps apart too; else its headers."""
    value = yield from _read(message_id, _format(bodies))
    return (yield from _whole(value)) if bodies else _headed(value)


def if_there(call: Call[T]) -> Call[T | None]:
    """Carry on with `call`; None instead of NotFound."""
    try:
        return (yield from call)
    except NotFound:
        return None


def thread(thread_id: str, *, bodies: bool = True) -> Call[Thread]:
    """Ask for a conversation, its messages as `read` does."""
    url = with_query(address("threads", thread_id), {"format": _format(bodies)})
    response = yield Request.get(url, operation="gmail.users.threads.get")
    value = json_of(response)
    messages = []
    for each in objects_of(value, "messages"):
        messages.append((yield from _whole(each)) if bodies else _headed(each))
    return Thread(text_of(value, "id") or thread_id, messages=tuple(messages), history_id=history_id_of(value))


def attachment(message_id: str, attachment: Attachment) -> Call[bytes]:
    """Ask for the content of an attachment; see `download`."""
    if attachment.content is not None:
        return attachment.content
    collected = Collected()
    yield from download(message_id, attachment, collected)
    return bytes(collected.content)


def download(message_id: str, attachment: Attachment, target: Target) -> Call[None]:
    """
    Ask for the content of an attachment, which goes to `target` as it comes.

    Gmail's ids of attachments change, and old ones fail; then the message is read again and the
    part found by its place. Raises NotFound when the message has no such part any more.
    """
    found = attachment
    if found.content is None:
        if found.attachment_id is not None and (yield from _came(message_id, found.attachment_id, target)):
            return
        found = yield from _find_again(message_id, attachment)
    if found.content is None:
        yield from _content(message_id, found.attachment_id or "", target)
    else:
        target.begin()
        target.write(found.content)


def fetch_attachments(draft: Draft, new_target: Callable[[], Kept]) -> Call[dict[Place, Kept]]:
    """Ask for the content of the attachments that are at Gmail, each into a target of its own."""
    fetched: dict[Place, Kept] = {}
    for each in draft.at_gmail:
        if each.place is not None and each.message_id is not None:
            fetched[each.place] = new_target()
            yield from download(each.message_id, each, fetched[each.place])
    return fetched


def send(raw: bytes | Source, *, thread_id: str | None = None) -> Call[Sent]:
    """Send a mail written down already. Never repeated by itself: Gmail cannot tell it from a second one."""
    response = yield from carry(
        "POST", "messages/send", raw, thread_id=thread_id, operation="gmail.users.messages.send"
    )
    return _sent(json_of(response))


def create_draft(raw: bytes | Source, *, thread_id: str | None = None) -> Call[DraftRef]:
    """Keep a mail written down already as a draft."""
    operation = "gmail.users.drafts.create"
    response = yield from carry("POST", "drafts", raw, thread_id=thread_id, operation=operation, as_draft=True)
    return _draft_ref(json_of(response))


def update_draft(draft_id: str, raw: bytes | Source, *, thread_id: str | None = None) -> Call[DraftRef]:
    """Put another mail into a draft; the draft keeps its id, the message in it gets a new one."""
    path, operation = f"drafts/{segment(draft_id)}", "gmail.users.drafts.update"
    response = yield from carry("PUT", path, raw, thread_id=thread_id, operation=operation, as_draft=True)
    return _draft_ref(json_of(response))


def list_drafts(*, page_token: str | None = None) -> Call[Page[DraftRef]]:
    """Ask for a page of the drafts, newest first."""
    found = yield from _list("drafts", "", (), page_token, USUAL_PAGE, False)
    return _page(found, "drafts", _draft_ref)


def read_draft(draft_id: str) -> Call[Draft]:
    """Ask for a draft; its attachments come without their content (`fetch_attachments`)."""
    url = with_query(address("drafts", draft_id), {"format": "full"})
    response = yield Request.get(url, operation="gmail.users.drafts.get")
    value = json_of(response)
    message = yield from _whole(object_of(value, "message"))
    return message.as_draft(text_of(value, "id") or draft_id)


def send_draft(draft_id: str) -> Call[Sent]:
    """Send the draft as Gmail holds it; it is gone then, and the mail has a new id."""
    value = {"id": draft_id}
    response = yield Request.json("POST", f"{GMAIL}/drafts/send", operation="gmail.users.drafts.send", value=value)
    return _sent(json_of(response))


def delete_draft(draft_id: str) -> Call[None]:
    """Delete a draft for ever."""
    yield Request("DELETE", address("drafts", draft_id), operation="gmail.users.drafts.delete")


def _list(
    kind: str,
    query: str | Query,
    label_ids: Collection[str],
    page_token: str | None,
    page_size: int,
    include_spam_trash: bool,
) -> Call[dict[str, Any]]:
    response = yield Request.get(
        f"{GMAIL}/{kind}",
        operation=f"gmail.users.{kind}.list",
        q=checked(str(query)) or None,
        labelIds=sorted(label_ids) or None,
        pageToken=page_token,
        maxResults=max(1, min(page_size, LARGEST_PAGE)),
        includeSpamTrash=include_spam_trash or None,
    )
    return json_of(response)


def _page(value: dict[str, Any], kind: str, read_item: Callable[[Mapping[str, Any]], T]) -> Page[T]:
    """Read a page; an empty one has no list at all."""
    items = tuple(map(read_item, objects_of(value, kind)))
    return Page(items, next_page_token=text_of(value, "nextPageToken") or None)


def _message_ref(value: Mapping[str, Any]) -> MessageRef:
    return MessageRef(text_of(value, "id"), thread_id=text_of(value, "threadId") or None)


def _draft_ref(value: Mapping[str, Any]) -> DraftRef:
    message = object_of(value, "message")
    return DraftRef(
        text_of(value, "id"),
        message_id=text_of(message, "id") or None,
        thread_id=text_of(message, "threadId") or None,
    )


def _sent(value: Mapping[str, Any]) -> Sent:
    return Sent(text_of(value, "id"), thread_id=text_of(value, "threadId") or None)


def _format(bodies: bool) -> str:
    return "full" if bodies else "metadata"


def _headed(value: Mapping[str, Any]) -> Message:
    """Read a Message resource that has no parts, whatever type it says it is of."""
    return Message.of_tree(value, tree_of(value)[0], (), {})


def _read(message_id: str, form: str = "full") -> Call[dict[str, Any]]:
    url = f"{address('messages', message_id)}?format={form}"
    response = yield Request.get(url, operation="gmail.users.messages.get")
    return json_of(response)


def _whole(value: Mapping[str, Any]) -> Call[Message]:
    """Read a Message resource; its bodies that Gmail keeps apart are asked for."""
    headers, parts = tree_of(value)
    bodies = {}
    for attachment_id in detached_bodies(parts):
        collected = Collected()
        yield from _content(text_of(value, "id"), attachment_id, collected)
        bodies[attachment_id] = bytes(collected.content)
    return Message.of_tree(value, headers, parts, bodies)


def _content(message_id: str, attachment_id: str, target: Target) -> Call[None]:
    url = address("messages", message_id, "attachments", attachment_id)
    unpacking = Unpacking(target)
    response = yield Request("GET", url, operation="gmail.users.messages.attachments.get", drain=unpacking)
    if response.body:
        # Whoever carried this has no way to hand over a body piece by piece.
        unpacking.begin()
        unpacking.write(response.body)
    unpacking.end()


def _came(message_id: str, attachment_id: str, target: Target) -> Call[bool]:
    """Return False when the id is out of date, which Gmail says in one of two ways."""
    try:
        yield from _content(message_id, attachment_id, target)
    except (NotFound, InvalidRequest):
        return False
    return True


def _find_again(message_id: str, attachment: Attachment) -> Call[Attachment]:
    value = yield from _read(message_id)
    for each in Message.from_json(value).attachments:
        fetchable = each.content is not None or each.attachment_id is not None
        if fetchable and (each.part_id, each.name) == (attachment.part_id, attachment.name):
            return each
    raise NotFound(f"The message {message_id} has no attachment {attachment.name!r} to fetch.")
