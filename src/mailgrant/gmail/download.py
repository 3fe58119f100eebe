"""An attachment's content on its way here: taken out of Google's JSON and decoded while it comes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Protocol

import pybase64

# The content is the one long text in the answer (users.messages.attachments.get).
BEGINNING = re.compile(rb'"data"\s*:\s*"')
LONGEST_BEGINNING = 64
# Google may write `=` and `/` with a backslash.
ESCAPE = re.compile(rb"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
LONGEST_ESCAPE = 6
STRANGE = re.compile(rb"[^A-Za-z0-9_-]")


class Target(Protocol):
    """Where content goes, piece by piece; `begin` starts it anew, because a read may be asked again."""

    def begin(self) -> None:
        """Forget what was written."""

    def write(self, piece: bytes) -> None:
        """Take the next piece."""


@dataclass(slots=True)
class Collected:
    """A target in memory."""

    content: bytearray = field(default_factory=bytearray)

    def begin(self) -> None:
        """Forget what was written."""
        self.content.clear()

    def write(self, piece: bytes) -> None:
        """Take the next piece."""
        self.content += piece


class Unpacking:
    """Takes an answer of users.messages.attachments.get as it comes, and writes what it holds to `target`."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._waiting = b""
        self._inside = False
        self._over = False

    def begin(self) -> None:
        """Start anew."""
        self._target.begin()
        self._waiting, self._inside, self._over = b"", False, False

    def write(self, piece: bytes) -> None:
        """Take the next piece of the answer."""
        if self._over:
            return
        self._waiting += piece
        if not self._inside:
            self._find_beginning()
        if self._inside:
            self._decode()

    def end(self) -> None:
        """Write what is left at the end; a piece of base64 that is too short to mean anything is left out."""
        self._put(STRANGE.sub(b"", self._waiting) if self._inside else b"", last=True)
        self._waiting, self._over = b"", True

    def _find_beginning(self) -> None:
        found = BEGINNING.search(self._waiting)
        if found is None:
            self._waiting = self._waiting[-LONGEST_BEGINNING:]
        else:
            self._inside, self._waiting = True, self._waiting[found.end() :]

    def _decode(self) -> None:
        text, quote, _ = self._waiting.partition(b'"')
        if quote:
            self._waiting = plain(text)
            self.end()
            return
        # An escape may be cut in two; its beginning waits for the rest.
        cut = text.rfind(b"\\", -LONGEST_ESCAPE + 1)
        whole, kept = (text, b"") if cut < 0 else (text[:cut], text[cut:])
        self._waiting = self._put(plain(whole)) + kept

    def _put(self, text: bytes, *, last: bool = False) -> bytes:
        """Decode the whole groups of four characters and return the rest, or at the end as much as means something."""
        rest = b"" if last else text[len(text) - len(text) % 4 :]
        group = text[: len(text) - len(rest)]
        if len(group) % 4 == 1:
            group = group[:-1]
        if group:
            self._target.write(pybase64.b64decode(group + b"=" * (-len(group) % 4), altchars=b"-_", validate=True))
        return rest


def plain(text: bytes) -> bytes:
    """Return base64url as it is without JSON's escapes, padding and whatever does not belong into it."""
    if b"\\" in text:
        text = ESCAPE.sub(lambda found: bytes([int(found[1], 16) & 0x7F]) if found[1] else found[2], text)
    return STRANGE.sub(b"", text.translate(STANDARD))


STANDARD = bytes.maketrans(b"+/", b"-_")
