"""
Output: one result in three forms.

A table for a person at a terminal, tab-separated lines for a pipe, and JSON for a program: lists one
object a line, everything else one object, with the field names of the nouns. Text from the network
never reaches the terminal with control characters in it.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import PurePath
from typing import Any, TypeVar
from unicodedata import east_asian_width

from mailgrant.secret import Secret

T = TypeVar("T")
Columns = Mapping[str, Callable[[T], object]]

# C0 but tab and newline, DEL, C1, and the marks that reorder what stands beside them.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_GAP = "  "
# Columns that are of no use when cut, and how narrow the others may become.
_WHOLE = frozenset({"id", "client id", "account"})
_NARROWEST = 8


class Printer:
    """Prints results on stdout."""

    def __init__(self, *, json: bool, sandbox: bool, terminal: bool) -> None:
        self.json = json
        self._sandbox = sandbox
        self._terminal = terminal

    @property
    def waits(self) -> bool:
        """True when a list is printed at its end, so that nothing is seen of it until then."""
        return self._terminal and not self.json

    def one(self, value: object, text: str) -> None:
        """Print one result: `value` as a JSON object, or what `text` says of it."""
        sys.stdout.write((self._line(value) if self.json else printable(text)) + "\n")

    def many(self, items: Iterable[T], columns: Columns[T], *, empty: str) -> int:
        """
        Print a list and return how long it was; `empty` is what to say when there is nothing.

        For a program each line is printed as soon as it is known; a table waits for all of them.
        """
        if self.waits:
            return self._table([table_cells(item, columns) for item in items], list(columns), empty)
        number = 0
        for item in items:
            number += 1
            line = self._line(item) if self.json else "\t".join(plain_cells(item, columns))
            sys.stdout.write(line + "\n")
        return number

    def _table(self, rows: list[list[str]], names: list[str], empty: str) -> int:
        if rows:
            width = shutil.get_terminal_size().columns
            sys.stdout.write("\n".join(table([names, *rows], width)) + "\n")
        else:
            say(empty)
        return len(rows)

    def _line(self, value: object) -> str:
        content = to_json(value)
        if self._sandbox:
            content = {**content, "sandbox": True}
        return json_line(content)


def say(line: str, *, before: str = "", name: str = "mailgrant: ") -> None:
    """Tell the person at the terminal; stdout stays free for data."""
    sys.stderr.write(f"{before}{name}{line}\n")


def to_json(value: object) -> Any:
    """Turn a noun into JSON: its fields by name, times as RFC 3339, without what is absent or secret."""
    if isinstance(value, Mapping):
        pairs = {str(name).rstrip("_"): content for name, content in value.items() if is_shown(content)}
        return {name: to_json(content) for name, content in pairs.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return to_json({field.name: getattr(value, field.name) for field in fields(value)})
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    return to_json_collection(value)


def to_json_collection(value: object) -> Any:
    """Sets sorted, sequences in their order, and everything else as its text."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (str, PurePath)):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return sorted(to_json(item) for item in value)
    if isinstance(value, Iterable):
        return [to_json(item) for item in value]
    return str(value)


def is_shown(content: object) -> bool:
    """Tell whether a field belongs into JSON: not when it is absent, a secret, or bytes."""
    return content is not None and not isinstance(content, (Secret, bytes))


def json_line(content: object) -> str:
    """Write one line of JSON, safe for a terminal as well."""
    readable = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    line = json.dumps(content, ensure_ascii=not readable)
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def error_line(kind: str, message: str, hint: str, code: int) -> str:
    """Write an error as one line of JSON."""
    return json_line({"error": {"type": kind, "message": message, "hint": hint, "exit_code": code}})


def rfc3339(moment: datetime) -> str:
    """Write a time as RFC 3339 has it, UTC as Z."""
    text = moment.isoformat()
    return text[:-6] + "Z" if moment.utcoffset() == UTC.utcoffset(None) and text.endswith("+00:00") else text


def local(moment: date | datetime | None) -> str:
    """Write a time as a person reads it, in the machine's own zone."""
    if moment is None:
        return ""
    if isinstance(moment, datetime):
        return f"{moment.astimezone():%Y-%m-%d %H:%M}"
    return moment.isoformat()


def printable(text: str) -> str:
    """Return `text` with everything replaced that could steer a terminal."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """Return `text` on one line, for a cell."""
    return printable(" ".join(text.split()))


def spoken(value: object, moment: Callable[[datetime], str]) -> str:
    """Write a cell's value; `moment` writes times."""
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, (tuple, list, set, frozenset)):
        parts = [spoken(item, moment) for item in value]
        return ", ".join(sorted(parts) if isinstance(value, (set, frozenset)) else parts)
    return "" if value is None else str(value)


def plain_cells(item: T, columns: Columns[T]) -> list[str]:
    """Return one line's fields for a pipe."""
    return [one_line(spoken(read(item), rfc3339)) for read in columns.values()]


def table_cells(item: T, columns: Columns[T]) -> list[str]:
    """Return one line's fields for a person."""
    return [one_line(spoken(read(item), local)) for read in columns.values()]


def table(rows: list[list[str]], width: int) -> list[str]:
    """
    Set rows in columns, the first row in capitals.

    What does not fit between the terminal's edges is cut, in the widest columns first; an id stays
    whole, so that it can be copied.
    """
    names = rows[0]
    widths = [max(cells_wide(cell) for cell in column) for column in zip(*rows, strict=True)]
    while sum(widths) + len(_GAP) * (len(widths) - 1) > width:
        elastic = ((wide, number) for number, wide in enumerate(widths) if names[number] not in _WHOLE)
        wide, widest = max(elastic, default=(0, 0))
        if wide <= _NARROWEST:
            break
        widths[widest] = wide - 1
    lines = [[name.upper() for name in names], *rows[1:]]
    return [_GAP.join(padded(line, widths)).rstrip() for line in lines]


def padded(row: list[str], widths: list[int]) -> list[str]:
    """Cut each cell down, or fill it up, to its column's width."""
    cells = [cut(cell, wide) for cell, wide in zip(row, widths, strict=True)]
    return [cell + " " * (wide - cells_wide(cell)) for cell, wide in zip(cells, widths, strict=True)]


def cells_wide(text: str) -> int:
    """Count the terminal cells that `text` takes: Chinese, Japanese and Korean letters take two."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def cut(text: str, width: int) -> str:
    """Cut `text` to `width` cells, with an ellipsis where something is missing."""
    if cells_wide(text) <= width:
        return text
    kept = ""
    for letter in text:
        if cells_wide(kept + letter) >= width:
            break
        kept += letter
    return kept + "…"
