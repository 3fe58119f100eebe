"""
Threads: which messages are one conversation.

Gmail joins a message to a thread when it refers to a message there and the subject is the same but
for `Re:` and the like; a thread id that a program gives is believed only then
(developers.google.com/workspace/gmail/api/guides/threads).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from mailgrant.sandbox.mail.mime import Headers, all_headers, first_header

REPLY_PREFIX = re.compile(r"\s*(?:re|fwd?|aw|wg|sv|vs|antw|tr|rif|odp)\s*(?:\[\d{1,3}\])?\s*:", re.IGNORECASE)
MESSAGE_ID = re.compile(r"<([^<>\s]+)>")


@dataclass(slots=True)
class Thread:
    """One conversation: its messages' ordinals in order of arrival. Its id is its first message's, for ever."""

    id: str
    subject: str = field(kw_only=True)
    ordinals: list[int] = field(kw_only=True, default_factory=list)


def bare_subject(headers: Headers) -> str:
    """Return the subject without its reply prefixes, in a form to compare."""
    subject = first_header(headers, "subject")
    while match := REPLY_PREFIX.match(subject):
        subject = subject[match.end() :]
    return " ".join(subject.split()).casefold()


def references(headers: Headers) -> list[str]:
    """Return the Message-IDs a message refers to, the closest first."""
    answered = [found for value in all_headers(headers, "in-reply-to") for found in MESSAGE_ID.findall(value)]
    named = [found for value in all_headers(headers, "references") for found in MESSAGE_ID.findall(value)]
    return list(dict.fromkeys([*answered, *reversed(named)]))


def own_message_id(headers: Headers) -> str:
    """Return a message's Message-ID without its brackets; "" when it has none."""
    return first_header(headers, "message-id").strip().removeprefix("<").removesuffix(">")
