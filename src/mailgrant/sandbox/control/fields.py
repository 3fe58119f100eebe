"""
Fields: the JSON objects of the control API, read strictly.

An object has the fields it is told to have, of the kinds it is told; anything else is refused by name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from mailgrant.sandbox.frame.api import dump
from mailgrant.sandbox.frame.wire import Answer, HttpRequest

JSON = "application/json; charset=utf-8"

# What answers one call: it is given the request, and what stands in its path.
Work: TypeAlias = Callable[[HttpRequest, Mapping[str, str]], Answer]


class ControlError(Exception):
    """A request to the control API that cannot be met."""

    def __init__(self, status: int, message: str, hint: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Field:
    """
    What a field may hold: a text, a truth, a list of texts, a list or an object.

    `kinds` are the types; `texts` says that a list holds nothing but texts. A field that is not
    required and not there has its default.
    """

    kinds: tuple[type, ...]
    says: str
    default: Any = None
    required: bool = False
    texts: bool = False

    def check(self, name: str, value: Any) -> None:
        """Refuse a value of another kind."""
        fits = isinstance(value, self.kinds) and not (self.texts and isinstance(value, list) and _has_other(value))
        if not fits and not (value is None and not self.required):
            shown = json.dumps(value)[:60]
            raise ControlError(400, f"The field {name!r} is {self.says}, not {shown}.", f"Send {self.says}.")


def _has_other(values: list[Any]) -> bool:
    return not all(isinstance(value, str) for value in values)


def text(default: str | None = None) -> Field:
    """Return a field that holds a text."""
    return Field((str,), "a text", default)


def required_text() -> Field:
    """Return a field that holds a text and must be there."""
    return Field((str,), "a text", required=True)


def truth(*, default: bool) -> Field:
    """Return a field that is true or false."""
    return Field((bool,), "true or false", default)


def texts() -> Field:
    """Return a field that holds a list of texts."""
    return Field((list,), "a list of texts", [], texts=True)


def text_or_texts(*, required: bool = False) -> Field:
    """Return a field that holds a text or a list of them."""
    return Field((str, list), "a text or a list of texts", required=required, texts=True)


def json_answer(body: Mapping[str, Any], *, status: int = 200) -> Answer:
    """Return an answer of the control API."""
    headers = [("Content-Type", JSON), ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")]
    return Answer(status, headers=headers, body=dump(body))


def read_object(request: HttpRequest) -> dict[str, Any]:
    """Return the body's JSON object, empty if there is no body."""
    if not request.body.strip():
        return {}
    try:
        value = json.loads(request.body)
    except ValueError as error:
        raise ControlError(400, f"The body is not JSON: {error}.", "Send a JSON object.") from error
    if not isinstance(value, dict):
        raise ControlError(400, "The body is JSON but not an object.", "Send a JSON object.")
    return value


def read_fields(request: HttpRequest, known: Mapping[str, Field]) -> dict[str, Any]:
    """Return the body's fields, defaults for those that are not there."""
    given = present_fields(request, known)
    return {name: given.get(name, field.default) for name, field in known.items()}


def present_fields(request: HttpRequest, known: Mapping[str, Field]) -> dict[str, Any]:
    """Return the fields that are there; unknown, missing and unfit ones are refused."""
    given = read_object(request)
    hint = f"Known fields: {', '.join(known) or 'none'}."
    for name in given:
        if name not in known:
            raise ControlError(400, f"There is no field {name!r} here.", hint)
    for name, field in known.items():
        if field.required and name not in given:
            raise ControlError(400, f"The field {name!r} is missing.", hint)
        if name in given:
            field.check(name, given[name])
    return {name: value for name, value in given.items() if value is not None}
