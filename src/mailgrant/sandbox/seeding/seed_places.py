"""
Places: where each value of a JSON text stands, so that a complaint about it can name the line.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

# The names and numbers that lead from the whole to a value: ("accounts", 0, "email").
Trail: TypeAlias = tuple[str | int, ...]

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+')


class Places:
    """File and line of each value."""

    def __init__(self, file: str, lines: Mapping[Trail, int] | None = None) -> None:
        self._file = file
        self._lines = dict(lines or {})
        self._elsewhere: dict[Trail, str] = {}

    def add(self, trail: Trail, file: Path, line: int) -> None:
        """Note that a value came from another file."""
        self._elsewhere[trail] = f"{file}, line {line}"

    def spell(self, trail: Trail) -> str:
        """Write where a value stands, or the nearest one around it: `seed.json, line 4, accounts[0].email`."""
        for length in range(len(trail), -1, -1):
            if trail[:length] in self._elsewhere:
                return self._elsewhere[trail[:length]]
            if trail[:length] in self._lines:
                return f"{self._file}, line {self._lines[trail[:length]]}, {spell_trail(trail)}"
        return f"{self._file}, {spell_trail(trail)}"


def spell_trail(trail: Trail) -> str:
    """Write a trail as people do: `accounts[0].email`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in trail)
    return text.removeprefix(".") or "the whole"


def lines_of(text: str) -> dict[Trail, int]:
    """Return the line of each value in a JSON text that is known to be right."""
    return _Walk(text).lines


class _Walk:
    """One pass over the tokens."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Trail, int] = {}
        self._tokens = TOKEN.finditer(text)
        self._breaks = [found.start() for found in re.finditer("\n", text)]
        self._value((), next(self._tokens))

    def _value(self, trail: Trail, token: re.Match[str]) -> None:
        self.lines[trail] = bisect_right(self._breaks, token.start()) + 1
        if token[0] == "{":
            self._object(trail)
        elif token[0] == "[":
            self._list(trail)

    def _object(self, trail: Trail) -> None:
        for token in self._tokens:
            if token[0] == "}":
                return
            if token[0] == ",":
                continue
            name: Any = json.loads(token[0])
            next(self._tokens)
            self._value((*trail, name), next(self._tokens))

    def _list(self, trail: Trail) -> None:
        number = 0
        for token in self._tokens:
            if token[0] == "]":
                return
            if token[0] != ",":
                self._value((*trail, number), token)
                number += 1
