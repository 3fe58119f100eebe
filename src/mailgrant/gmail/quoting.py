"""What a reply and a forward carry of the mail they are about: subject, quotation, list of headers."""

from __future__ import annotations

import re
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from .message import Message

# Gmail keeps a thread together only while the subject, without such beginnings, stays the same. Mail
# programs write them in the language of their owner; a second one says nothing new.
REPLY_WORDS = "re|aw|antw|antwort|sv|vs|res|réf|rif|r|odp|ynt|vá|bls|atb|отв|απ|回复|回覆|答复|返信|답장|رد|השב"
FORWARD_WORDS = "fwd?|wg|tr|rv|enc|pd|vl|vb|doorst|ilt|i̇lt|пересл|πρθ|转发|轉寄|転送|전달|הועבר"
REPLY_PREFIX = re.compile(rf"\s*(?:{REPLY_WORDS})(?:\[\d+\])?\s*[:：]", re.IGNORECASE)
FORWARD_PREFIX = re.compile(rf"\s*(?:{FORWARD_WORDS})(?:\[\d+\])?\s*[:：]", re.IGNORECASE)
FORWARDED = "---------- Forwarded message ----------"


@dataclass(frozen=True, slots=True)
class Quotation:
    """
    What stands at the end of a mail and was written by somebody else, as text and as HTML.

    A draft knows it so that a signature goes above it, below the person's own words.
    """

    text: str = field(repr=False)
    _: KW_ONLY
    html: str = field(repr=False)

    def below(self, text: str | None, html: str | None) -> Bodies:
        """Return a mail's bodies with the quotation below each; a text that is to be made from the HTML is left out."""
        derived = text is None and html is not None
        return (
            None if derived else f"{text or ''}\n\n{self.text}".lstrip("\n"),
            None if html is None else f"{html}<br>{self.html}",
            self,
        )


Bodies: TypeAlias = tuple[str | None, str | None, Quotation]


def reply_subject(subject: str) -> str:
    """Return the subject of an answer: `Re: ` once."""
    return subject if REPLY_PREFIX.match(subject) else f"Re: {subject}".strip()


def forward_subject(subject: str) -> str:
    """Return the subject of a forwarded mail: `Fwd: ` once."""
    return subject if FORWARD_PREFIX.match(subject) else f"Fwd: {subject}".strip()


def quoted(message: Message, text: str | None, html: str | None) -> Bodies:
    """Return the bodies of an answer, the whole mail quoted below each; a text made from the HTML is left out."""
    return Quotation(_quoted_text(message), html=_quoted_html(message)).below(text, html)


def passed_on(message: Message, text: str | None, html: str | None) -> Bodies:
    """Return the bodies of a forwarded mail; one that came as HTML is passed on as HTML."""
    if html is None and message.html is not None:
        html, text = as_html(text or ""), text or ""
    return Quotation(_forwarded_text(message), html=_forwarded_html(message)).below(text, html)


def as_html(text: str) -> str:
    """Return HTML that shows `text` as it stands."""
    from html import escape

    return f'<div style="white-space: pre-wrap">{escape(text)}</div>'


def _quoted_text(message: Message) -> str:
    quoted = "\n".join(f"> {line}".rstrip() for line in message.text.rstrip("\n").split("\n"))
    return f"{_attribution(message)}\n{quoted}\n"


def _quoted_html(message: Message) -> str:
    quoted = message.html or as_html(message.text)
    return f"{as_html(_attribution(message))}<blockquote>{quoted}</blockquote>"


def _forwarded_text(message: Message) -> str:
    lines = (f"{name}: {value}" for name, value in _summary(message))
    return "\n".join((FORWARDED, *lines, "", message.text))


def _forwarded_html(message: Message) -> str:
    lines = "\n".join((FORWARDED, *(f"{name}: {value}" for name, value in _summary(message))))
    return f"{as_html(lines)}<br>{message.html or as_html(message.text)}"


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
