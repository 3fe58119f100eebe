"""
Settling: the looks that tell what came of a send whose answer was lost.

Each is a conversation that changes nothing but `discard`. What follows from what they find is
decided where there is a clock, in the shell (`sending`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from mailgrant.errors import NotFound
from mailgrant.http import Call, Request, Response, with_query

from . import calls
from .attempt import HEADER, Attempt, content_of
from .draft import DraftRef
from .message import Evidence, Sent
from .payload import object_of, objects_of, text_of
from .resource import GMAIL, segment

# Gmail's clock and ours may differ; what is older than this before the attempt is not of it.
CLOCK_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Found:
    """The drafts of an attempt, newest first, and the ids of those that were looked at and are not of it."""

    drafts: tuple[DraftRef, ...]
    others: frozenset[str] = field(kw_only=True)


def find_drafts(attempt: Attempt, *, known: Collection[str] = ()) -> Call[Found]:
    """
    Look for the drafts that carry the attempt's header.

    Newest first, back to the time at which the attempt began; drafts in `known` are passed over
    (users.drafts.list, 5 units a page; users.drafts.get, 20 each).
    """
    found: list[DraftRef] = []
    others = set(known)
    page_token: str | None = None
    while True:
        page = yield from calls.list_drafts(page_token=page_token)
        for reference in page.items:
            if reference.id in others:
                continue
            head = yield from _draft_head(reference.id)
            if head is None:
                continue
            if head.attempt == attempt.id:
                found.append(DraftRef(reference.id, message_id=head.message_id, thread_id=head.thread_id))
                continue
            others.add(reference.id)
            if head.at is not None and head.at < attempt.begun_at - CLOCK_SKEW:
                return Found(tuple(found), others=frozenset(others))
        page_token = page.next_page_token
        if page_token is None:
            return Found(tuple(found), others=frozenset(others))


def message_in_draft(draft_id: str) -> Call[str | None]:
    """Return the id of the message that a draft holds now, None when there is no such draft (20 units)."""
    head = yield from _draft_head(draft_id)
    return head.message_id if head is not None else None


def is_as_written(attempt: Attempt, draft_id: str) -> Call[bool]:
    """Tell whether a draft still says what the attempt wrote, rather than what a person has made of it (20 units)."""
    draft = yield from calls.read_draft(draft_id)
    return attempt.content in {content_of(draft, body=body) for body in (draft.text, draft.html)}


def find_sent(attempt: Attempt) -> Call[Sent | None]:
    """
    Look for the attempt's mail among those that were sent, newest first.

    By label, which is up to date at once where a search may lag (users.messages.list, 5 units;
    users.messages.get, 20 each).
    """
    page_token: str | None = None
    while True:
        page = yield from calls.list_messages(label_ids=("SENT",), page_token=page_token, page_size=25)
        for reference in page.items:
            head = yield from _message_head(reference.id)
            if head is None:
                continue
            if head.attempt == attempt.id:
                return Sent(reference.id, thread_id=head.thread_id, evidence=Evidence.SENT_COPY)
            if head.at is not None and head.at < attempt.begun_at - CLOCK_SKEW:
                return None
        page_token = page.next_page_token
        if page_token is None:
            return None


def discard(draft_id: str) -> Call[bool]:
    """
    Delete a draft for ever; False when it was gone already.

    True proves that it was never sent: a draft that was sent is not there to be deleted.
    """
    try:
        yield from calls.delete_draft(draft_id)
    except NotFound:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Head:
    """What a look at a message tells: which attempt it is of, if any, and when Gmail took it."""

    message_id: str | None
    thread_id: str | None = field(kw_only=True)
    attempt: str | None = field(kw_only=True)
    at: datetime | None = field(kw_only=True)


def _draft_head(draft_id: str) -> Call[Head | None]:
    url = with_query(f"{GMAIL}/drafts/{segment(draft_id)}", {"format": "metadata"})
    response = yield from _if_there(Request.get(url, operation="gmail.users.drafts.get"))
    return _head(object_of(response.json(), "message")) if response is not None else None


def _message_head(message_id: str) -> Call[Head | None]:
    url = with_query(f"{GMAIL}/messages/{segment(message_id)}", {"format": "metadata", "metadataHeaders": HEADER})
    response = yield from _if_there(Request.get(url, operation="gmail.users.messages.get"))
    return _head(response.json()) if response is not None else None


def _if_there(request: Request) -> Call[Response | None]:
    try:
        return (yield request)
    except NotFound:
        return None


def _head(message: Mapping[str, Any]) -> Head:
    at = text_of(message, "internalDate")
    return Head(
        text_of(message, "id") or None,
        thread_id=text_of(message, "threadId") or None,
        attempt=next(_values(message), None),
        at=datetime.fromtimestamp(int(at) / 1000, UTC) if at.isdecimal() else None,
    )


def _values(message: Mapping[str, Any]) -> Iterator[str]:
    for each in objects_of(object_of(message, "payload"), "headers"):
        if text_of(each, "name").lower() == HEADER.lower():
            yield text_of(each, "value").strip().lower()
