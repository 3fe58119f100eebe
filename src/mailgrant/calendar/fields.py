"""Fields: what stands under a name, in Google's JSON, whatever it may be, or as it was given."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar

from mailgrant.errors import InvalidRequest

E = TypeVar("E", bound=Enum)


def text_of(value: Mapping[str, Any], name: str) -> str:
    """Return a text, the empty one when there is none."""
    found = value.get(name)
    return found if isinstance(found, str) else ""


def one_line(text: str) -> str | None:
    """Return what can be read of a text on one line, None when that is nothing."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split()) or None


def list_of(value: Mapping[str, Any], name: str) -> list[Any]:
    """Return a list, the empty one when there is none."""
    found = value.get(name)
    return found if isinstance(found, list) else []


def choice_of(kind: type[E], value: object, default: E) -> E:
    """Return the member that Google names; one it has newly invented reads as the usual one."""
    return next((each for each in kind if each.value == value), default)


def as_choice(kind: type[E], given: object, name: str, default: E | None = None) -> E:
    """Return the member that is given, itself or by its value; None is `default`. Raises InvalidRequest for another."""
    given = default if given is None else given
    for each in kind:
        if given is each or given == each.value:
            return each
    raise InvalidRequest(f"{name}: {given!r} is none of {', '.join(str(each.value) for each in kind)}.")
