"""
Attempt: one try to send one mail, from before anything leaves until it is known what came of it.

It is written down sealed before each request that changes something, so that whoever finds it later
knows what may have happened, and can look.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from mailgrant.errors import SettingsError

from .draft import Draft
from .header_text import decode

# Recipients see it, and it means nothing to them. Gmail replaces the Message-ID of what it sends, so
# that cannot be what a mail is known by.
HEADER = "X-Mailgrant-Attempt"
ATTEMPT_BYTES = 16


class Stage(Enum):
    """How far an attempt may have come."""

    CREATING = "creating the draft"
    SENDING = "sending the draft"
    SENDING_AT_ONCE = "sending without a draft"
    GIVING_UP = "giving up"


@dataclass(frozen=True, slots=True)
class Attempt:
    """
    One try to send one mail; `id` is what its header `X-Mailgrant-Attempt` says.

    `begun_at` is when it began, `at` when its last request left. `draft_id` and `message_id` name the
    draft once Gmail holds one. `content` tells what was written from what a person has made of it
    (`content_of`). `tries` counts how often the draft was sent. `version` counts the writes: 0 is an
    attempt that is not in the vault yet.
    """

    id: str
    grant_id: str = field(kw_only=True)
    account: str = field(kw_only=True)
    stage: Stage = field(kw_only=True)
    begun_at: datetime = field(kw_only=True)
    at: datetime = field(kw_only=True)
    draft_id: str | None = field(kw_only=True, default=None)
    message_id: str | None = field(kw_only=True, default=None)
    thread_id: str | None = field(kw_only=True, default=None)
    content: str = field(kw_only=True, default="")
    tries: int = field(kw_only=True, default=0)
    marked: bool = field(kw_only=True, default=True)
    version: int = field(kw_only=True, default=0)


@dataclass(frozen=True, slots=True)
class Patience:
    """
    How long it is waited for what may still happen after an answer was lost.

    `still_running`: a request that was cut off may be carried out for this long yet.
    `between_looks`: two looks this far apart must agree that a draft is gone. `giving_up`: a copy
    that may be read, and has not appeared after this long, does not come.
    """

    still_running: timedelta = timedelta(seconds=20)
    between_looks: timedelta = timedelta(seconds=10)
    giving_up: timedelta = timedelta(minutes=10)

    def __post_init__(self) -> None:
        waits = (self.still_running, self.between_looks, self.giving_up)
        if any(wait <= timedelta(0) for wait in waits) or self.giving_up < self.between_looks:
            raise SettingsError(
                "Patience is three waits longer than nothing, and giving up is the longest.",
                hint="For example still_running = 20, between_looks = 10, giving_up = 600 (seconds).",
            )


def content_of(draft: Draft, *, body: str | None) -> str:
    """
    Return a digest of what a person would see of a draft, with `body` as its text.

    What Gmail may change by itself does not count: the order of headers, their folding, blanks, the
    form in which a domain or a name is written. An invitation is read back as a file without a name,
    and a blank text beside HTML as the text of that.
    """
    said = without_blanks(body or "") or without_blanks(draft.html or "")
    people = (sorted(each.mailbox for each in group) for group in (draft.to, draft.cc, draft.bcc))
    names = sorted(filter(None, (without_blanks(decode(each.name)) for each in draft.attachments)))
    seen = (*people, without_blanks(decode(draft.subject)), said, names)
    return hashlib.sha256(repr(seen).encode("utf-8", "surrogatepass")).hexdigest()


def without_blanks(text: str) -> str:
    """Return `text` as it is compared."""
    return "".join(text.split())


def new_attempt_id(entropy: Callable[[int], bytes]) -> str:
    """Return 128 random bits as 26 letters and digits."""
    return base64.b32encode(entropy(ATTEMPT_BYTES)).decode("ascii").rstrip("=").lower()
