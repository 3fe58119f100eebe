"""
How a mail gets to Gmail: as JSON, or by a resumable upload when it is large.

An upload opens a session, which changes nothing yet, and hands over the mail in one request that is
gone on with where it broke off: the session becomes a mail once, however often it is asked
(developers.google.com/workspace/gmail/api/guides/uploads).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

import pybase64

from mailgrant.errors import NoAnswer, NotFound, OutcomeUnknown, ServerError
from mailgrant.http import Call, Request, Response, with_query

from .resource import GMAIL, UPLOAD
from .source import Rest, Source, all_of, as_source

# As JSON a mail grows by a third, and Gmail answers 413 from about 5 MB on; above this it goes by
# the upload address.
LARGEST_IN_JSON = 3_000_000
# How often in a row an upload may break off without having got further.
MOST_STANDSTILLS = 4
# Not a redirect here: the session waits for more.
UNFINISHED = 308
STORED = re.compile(r"bytes=0-(\d+)")
# An address from an answer is followed to these only: the access token goes with it.
UPLOAD_HOSTS = frozenset({"gmail.googleapis.com", "www.googleapis.com"})


def carry(
    method: str,
    path: str,
    raw: bytes | Source,
    *,
    operation: str,
    thread_id: str | None = None,
    label_ids: Collection[str] = (),
    as_draft: bool = False,
    parameters: Mapping[str, str] | None = None,
) -> Call[Response]:
    """Hand over the mail `raw`; a draft has its message one level deeper."""
    mail = as_source(raw)
    message: dict[str, Any] = {"threadId": thread_id} if thread_id else {}
    if label_ids:
        message["labelIds"] = sorted(label_ids)
    query = dict(parameters or {})
    if mail.size <= LARGEST_IN_JSON:
        message["raw"] = pybase64.urlsafe_b64encode(all_of(mail)).decode()
        url, value = with_query(f"{GMAIL}/{path}", query), {"message": message} if as_draft else message
        return (yield Request.json(method, url, operation=operation, value=value))
    url = with_query(f"{UPLOAD}/{path}", {"uploadType": "resumable", **query})
    opening = opened(method, url, {"message": message} if as_draft else message, mail, operation)
    session = yield from opening
    return (yield from _handed_over(session, mail, operation))


def opened(method: str, url: str, metadata: dict[str, Any], mail: Source, operation: str) -> Call[str]:
    """Open a session and return its address; whatever goes wrong here, nothing has happened."""
    headers = {
        "Content-Type": "application/json; charset=UTF-8",
        "X-Upload-Content-Type": "message/rfc822",
        "X-Upload-Content-Length": str(mail.size),
    }
    body = json.dumps(metadata, separators=(",", ":")).encode()
    try:
        response = yield Request(method, url, operation=operation, headers=headers, body=body)
    except OutcomeUnknown as lost:
        raise NoAnswer(f"The upload did not begin: {lost.evidence}. Nothing happened.") from lost
    return session_address(response.headers.get("location", ""), operation)


def session_address(location: str, operation: str) -> str:
    """Return where a session is, at Google: a sandbox names its own host, and nobody else may."""
    parts = urlsplit(location)
    if not parts.path.startswith(("/upload/", "/resumable/")):
        raise ServerError("Google opened an upload without saying where it is.", operation=operation)
    host = parts.netloc if parts.netloc in UPLOAD_HOSTS else "gmail.googleapis.com"
    return f"https://{host}{parts.path}?{parts.query}"


def _handed_over(session: str, mail: Source, operation: str) -> Call[Response]:
    """Send the mail, and the rest of it again from where the session has it, until it is whole."""
    stored, standstills = 0, 0
    lost: OutcomeUnknown | NoAnswer | None = None
    while standstills < MOST_STANDSTILLS:
        try:
            asks = lost is not None or stored >= mail.size
            response = yield _question(session, mail, operation) if asks else _rest(session, mail, stored, operation)
        except (OutcomeUnknown, NoAnswer) as error:
            lost = _worse(lost, error)
            standstills += 1
            continue
        except NotFound:
            # The session is over: the mail may have become whole before that was said.
            raise lost or NoAnswer("Google forgot the upload before it was whole. Nothing happened.") from None
        if response.status != UNFINISHED:
            return response
        reached = _stored(response)
        # What broke off is counted already; to be told that it left nothing is no second standstill.
        standstills = 0 if reached > stored else standstills + (lost is None)
        stored, lost = reached, None
    raise lost or OutcomeUnknown(
        f"It is not known whether {operation} was carried out: the upload did not get on.",
        operation=operation,
        evidence="the upload did not get on",
    )


def _worse(lost: OutcomeUnknown | NoAnswer | None, error: OutcomeUnknown | NoAnswer) -> OutcomeUnknown | NoAnswer:
    """Once it is unknown what came of a mail, not being able to ask makes it no better known."""
    return lost if isinstance(lost, OutcomeUnknown) else error


def _rest(session: str, mail: Source, start: int, operation: str) -> Request:
    headers = {
        "Content-Type": "message/rfc822",
        "Content-Length": str(mail.size - start),
        "Content-Range": f"bytes {start}-{mail.size - 1}/{mail.size}",
    }
    return Request("PUT", session, operation=operation, headers=headers, stream=Rest(mail, start), also={UNFINISHED})


def _question(session: str, mail: Source, operation: str) -> Request:
    """Ask how far the session has got; where the mail is whole, the answer is that of the upload."""
    headers = {"Content-Length": "0", "Content-Range": f"bytes */{mail.size}"}
    return Request("PUT", session, operation=operation, headers=headers, also={UNFINISHED})


def _stored(response: Response) -> int:
    """Return how many bytes the session has; no Range header means none."""
    found = STORED.fullmatch(response.headers.get("range", "").strip())
    return int(found[1]) + 1 if found else 0
