"""What a reply and a forward carry of the mail they are about: subject, quotation, list of headers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .message import Message

# Gmail keeps a thread together only while the subject, without such beginnings, stays the same.
REPLY_PREFIX = re.compile(r"re(\[\d+\])?\s*:", re.IGNORECASE)
FORWARD_PREFIX = re.compile(r"fwd?\s*:", re.IGNORECASE)
FORWARDED = "---------- Forwarded message ----------"


def reply_subject(subject: str) -> str:
    """Return the subject of an answer: `Re: ` once."""
    return subject if REPLY_PREFIX.match(subject) else f"Re: {subject}".strip()


def forward_subject(subject: str) -> str:
    """Return the subject of a forwarded mail: `Fwd: ` once."""
    return subject if FORWARD_PREFIX.match(subject) else f"Fwd: {subject}".strip()


def quoted_text(message: Message, text: str) -> str:
    """Return `text` with the whole mail quoted below it."""
    quoted = "\n".join(f"> {line}".rstrip() for line in message.text.rstrip("\n").split("\n"))
    return f"{text}\n\n{_attribution(message)}\n{quoted}\n".lstrip("\n")


def quoted_html(message: Message, html: str) -> str:
    """Return `html` with the whole mail quoted below it."""
    quoted = message.html or as_html(message.text)
    return f"{html}<br>{as_html(_attribution(message))}<blockquote>{quoted}</blockquote>"


def forwarded_text(message: Message, text: str) -> str:
    """Return `text` with the whole mail below it, its headers first."""
    lines = (f"{name}: {value}" for name, value in _summary(message))
    return "\n".join((text, "", FORWARDED, *lines, "", message.text)).lstrip("\n")


def forwarded_html(message: Message, html: str) -> str:
    """Return `html` with the whole mail below it, its headers first."""
    lines = "\n".join((FORWARDED, *(f"{name}: {value}" for name, value in _summary(message))))
    return f"{html}<br>{as_html(lines)}<br>{message.html or as_html(message.text)}"


def as_html(text: str) -> str:
    """Return HTML that shows `text` as it stands."""
    from html import escape

    return f'<div style="white-space: pre-wrap">{escape(text)}</div>'


def _attribution(message: Message) -> str:
    # Written without names of months or days: those follow the machine's language, not the reader's.
    return f"On {message.date:%Y-%m-%d at %H:%M} UTC, {message.from_ or 'somebody'} wrote:"


def _summary(message: Message) -> list[tuple[str, str]]:
    lines = [
        ("From", str(message.from_ or "")),
        ("Date", f"{message.date:%Y-%m-%d %H:%M} UTC"),
        ("Subject", message.subject),
        ("To", ", ".join(map(str, message.to))),
        ("Cc", ", ".join(map(str, message.cc))),
    ]
    return [(name, value) for name, value in lines if value]
