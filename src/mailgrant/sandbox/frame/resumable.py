"""
Resumable uploads: a mail sent in pieces, each of which may be lost and sent again.

The first request opens a session and says nothing but where it is; the mail follows in ranges, and
the last of them is answered as the call itself. 308 means: go on after what I have.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mailgrant.sandbox import entropy
from mailgrant.sandbox.frame.wire import Answer, HttpRequest, Media

if TYPE_CHECKING:
    from mailgrant.sandbox.frame.api import Route

CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")


@dataclass(slots=True)
class Session:
    """One upload: the request that opened it, what has come, and once it is over how it was answered."""

    id: str
    route: Route = field(repr=False)
    opening: HttpRequest = field(repr=False)
    received: bytearray = field(default_factory=bytearray, repr=False)
    answer: Answer | None = None

    def media(self) -> Media:
        """Return the whole mail."""
        content_type = self.opening.headers.get("x-upload-content-type", "message/rfc822")
        return Media(content_type.partition(";")[0].strip().lower(), bytes(self.received))


class Sessions:
    """The uploads of one sandbox."""

    def __init__(self) -> None:
        self._open: dict[str, Session] = {}

    def begin(self, route: Route, opening: HttpRequest, base: str) -> Answer:
        """Open a session and say where it is."""
        session = Session(entropy.opaque(48), route, opening)
        self._open[session.id] = session
        joiner = "&" if "?" in opening.target else "?"
        location = f"{base}{opening.target}{joiner}upload_id={session.id}"
        return Answer(200, headers=[("Location", location), ("X-GUploader-UploadID", session.id)])

    def find(self, request: HttpRequest) -> Session | None:
        """Return the session that a request goes on with, None if it is lost."""
        return self._open.get(dict(request.query).get("upload_id", ""))

    def end(self, session: Session) -> None:
        """Forget a session."""
        self._open.pop(session.id, None)

    def keep(self, session: Session, answer: Answer) -> None:
        """Keep how a finished upload was answered: whoever did not hear it asks again, and must not send again."""
        session.answer = replace(answer, headers=list(answer.headers))
        session.received.clear()
        self._open[session.id] = session


def receive(session: Session, request: HttpRequest) -> bool | None:
    """
    Take a piece of the mail.

    Returns True when the mail is whole, False when more has to come, None if the range makes no sense.
    """
    header = request.headers.get("content-range")
    if header is None:
        session.received[:] = request.body
        return True
    found = CONTENT_RANGE.fullmatch(header)
    if found is None:
        return None
    first, last, total = found.groups()
    if first is not None:
        start = int(first)
        if start > len(session.received) or int(last) - start + 1 != len(request.body):
            return None
        session.received[start:] = request.body
    return total != "*" and len(session.received) == int(total)


def go_on(session: Session) -> Answer:
    """Say how much has come; without a Range nothing has."""
    range_header = [("Range", f"bytes=0-{len(session.received) - 1}")] if session.received else []
    return Answer(308, headers=[*range_header, ("X-GUploader-UploadID", session.id)])
