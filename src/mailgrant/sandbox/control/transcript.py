"""
Transcript: a session's requests as lines that a person reads, and may show to others.

    12:00:01.250  GET /gmail/v1/users/me/messages?q=is:unread
                  gmail.users.messages.list, ada@example.com, 200, 5 units, 412 bytes

Bodies and headers are not in it, and of a query nothing that could open anything.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote_plus

from mailgrant.errors import SettingsError
from mailgrant.sandbox.journal import Entry

PAIR = re.compile(r"([^&=]*)=([^&]*)")
SECRETS = frozenset({"assertion", "client_secret", "code", "code_verifier", "key", "password", "state", "upload_id"})
# Whatever it is called: `access_token`, `oauth_token`, `id_token_hint`, but not Gmail's `pageToken`.
TOKEN_NAME = re.compile(r"(?:^|_)token(?:_|$)")
# How Google's own secrets begin, wherever they stand.
TOKEN_VALUE = re.compile(r"ya29\.|1//|4/0|eyJ|GOCSPX-|Bearer ")
HIDDEN = "…"
INDENT = " " * 14
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Recorder:
    """Writes each request into a file as it is answered; the file is its owner's alone."""

    def __init__(self, path: Path) -> None:
        try:
            opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        except OSError as error:
            hint = "Name a file in a folder that is there, with --record."
            raise SettingsError(f"The transcript {path} cannot be written: {error.strerror}.", hint=hint) from error
        self._file = os.fdopen(opened, "w", encoding="utf-8", buffering=1)

    def write(self, entry: Entry) -> None:
        """Write one request."""
        self._file.write(spell(entry))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def spell_all(entries: Iterable[Entry]) -> str:
    """Write many requests."""
    return "".join(map(spell, entries))


def spell(entry: Entry) -> str:
    """Write one request: what was asked, then what came of it."""
    asked = f"{entry.path}?{entry.query}" if entry.query else entry.path
    facts = [
        entry.method,
        entry.grant_type,
        entry.account,
        str(entry.status) if entry.status is not None else "no answer",
        f"{entry.units} units" if entry.units else None,
        f"{entry.bytes} bytes" if entry.bytes else None,
        f"fault: {entry.fault}" if entry.fault else None,
    ]
    outcome = ", ".join(fact for fact in facts if fact)
    time = f"{entry.time:%H:%M:%S}.{entry.time.microsecond // 1000:03d}"
    return f"{time}  {_printable(f'{entry.verb} {asked}')}\n{INDENT}{_printable(outcome)}\n"


def harmless(query: str) -> str:
    """Return a query with everything in it hidden that could open something."""
    return PAIR.sub(_harmless_pair, query) if query else ""


def _harmless_pair(pair: re.Match[str]) -> str:
    name, value = unquote_plus(pair[1]).lower(), unquote_plus(pair[2])
    secret = name in SECRETS or TOKEN_NAME.search(name) or TOKEN_VALUE.search(value)
    return f"{pair[1]}={HIDDEN}" if secret else pair[0]


def _printable(text: str) -> str:
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
