"""The conversations about changes: history.list, watch, stop (Gmail guides, sync and push)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from mailgrant.changes import Changes, Gap
from mailgrant.errors import InvalidRequest, NotFound, OutcomeUnknown, ServerError
from mailgrant.http import Call, Request, Response, with_query

from . import calls
from .history import Change, Watch, changes_in
from .payload import objects_of, text_of
from .resource import GMAIL, json_of

LARGEST_PAGE = 500
# The first sending, and two more after lost answers.
SENDINGS = 3


def changes(since: object) -> Call[Changes[Change]]:
    """Ask what happened since a cursor; without one, only for the cursor of now."""
    if since is None:
        cursor = yield from current_cursor()
        return Changes((), cursor)
    if not (isinstance(since, str) and since.isascii() and since.isdecimal()):
        raise InvalidRequest(
            f"{since!r} is not a cursor of a mailbox.", hint="It is what `changes()` gave, a text of digits."
        )
    try:
        return (yield from _since(since))
    except NotFound:
        cursor = yield from current_cursor()
        return Changes((Gap(since, "Gmail no longer keeps what happened since then"),), cursor)


def current_cursor() -> Call[str]:
    """Ask for the newest history id of the mailbox."""
    profile = yield from calls.profile()
    if profile.history_id is None:
        raise ServerError("Gmail did not say where its history stands.", operation="gmail.users.getProfile")
    return profile.history_id


def watch(topic: str, *, label_ids: Collection[str] = (), exclude: bool = False) -> Call[Watch]:
    """Ask to be told of changes through a Pub/Sub topic."""
    value: dict[str, object] = {"topicName": topic}
    if label_ids:
        value |= {"labelIds": sorted(label_ids), "labelFilterBehavior": "exclude" if exclude else "include"}
    request = Request.json("POST", f"{GMAIL}/watch", operation="gmail.users.watch", value=value)
    answer = json_of((yield from _insisted(request)))
    expiration = text_of(answer, "expiration")
    if not expiration.isdecimal():
        raise ServerError("Gmail did not say when the watch ends.", operation="gmail.users.watch")
    return Watch(text_of(answer, "historyId"), datetime.fromtimestamp(int(expiration) / 1000, UTC))


def stop() -> Call[None]:
    """Ask not to be told of changes any more."""
    yield from _insisted(Request("POST", f"{GMAIL}/stop", operation="gmail.users.stop"))


def _insisted(request: Request) -> Call[Response]:
    """Send what can do nothing twice, again after a lost answer: a watch takes the place of the one before."""
    for left in reversed(range(SENDINGS)):
        try:
            return (yield request)
        except OutcomeUnknown as unknown:
            if not left:
                raise OutcomeUnknown(
                    f"It is not known whether {request.operation} was carried out: {unknown.evidence}.",
                    hint="Say it again: it can do nothing twice.",
                    operation=request.operation,
                    evidence=unknown.evidence,
                ) from unknown
    raise AssertionError("the last try returns or raises")


def _since(since: str) -> Call[Changes[Change]]:
    found: list[Change] = []
    page_token: str | None = None
    while True:
        parameters = {"startHistoryId": since, "maxResults": LARGEST_PAGE, "pageToken": page_token}
        response = yield Request.get(with_query(f"{GMAIL}/history", parameters), operation="gmail.users.history.list")
        page = json_of(response)
        for record in objects_of(page, "history"):
            found += changes_in(record)
        page_token = text_of(page, "nextPageToken") or None
        if page_token is None:
            return Changes(tuple(found), text_of(page, "historyId") or since)
