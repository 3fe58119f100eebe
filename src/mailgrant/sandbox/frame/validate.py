"""
Parameters: what a path and a query say, converted and checked against the discovery document.

Gmail is strict: an unknown name or an unreadable value is refused. Calendar is lenient: what it does
not know it ignores, and only values it cannot read are refused, in its own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from mailgrant.sandbox.frame.discovery import CALENDAR, ApiMethod, document
from mailgrant.sandbox.frame.errors import bad_request
from mailgrant.sandbox.frame.wire import ApiError

Spec = Mapping[str, Any]

# Understood everywhere, although Calendar's document does not list all of them.
STANDARD = frozenset({"access_token", "callback", "uploadType", "upload_id"})
OFFSET_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:?\d\d)")
INTEGER_RANGES = {"int32": (-(2**31), 2**31 - 1), "uint32": (0, 2**32 - 1)}
WORDS = {"true": True, "false": False}


def read_parameters(
    method: ApiMethod, path_values: Mapping[str, str], query: Iterable[tuple[str, str]]
) -> dict[str, Any]:
    """Return a call's parameters by name; raises `ApiError` in the dialect of the method's API."""
    pairs = list(query)
    if not pairs and _is_plain(method, path_values):
        return dict(path_values)
    given: dict[str, list[str]] = {name: [value] for name, value in path_values.items()}
    for name, value in pairs:
        if _known(method, name):
            given.setdefault(name, []).append(value)
    _require(method, given)
    read = _lenient if method.api == CALENDAR else _strict
    specs = method.parameters
    return {name: read(name, specs[name], values) if name in specs else values[-1] for name, values in given.items()}


def _is_plain(method: ApiMethod, values: Mapping[str, str]) -> bool:
    """True if there is nothing to convert and nothing to refuse, as in most calls without a query."""
    return method.is_simple and values.keys() == method.required and all(values.values())


def _known(method: ApiMethod, name: str) -> bool:
    if name in method.parameters or name in STANDARD or name in document(method.api)["parameters"]:
        return True
    if method.api == CALENDAR:
        return False
    cannot_bind = f"Cannot bind query parameter. Field '{name}' could not be found in request message."
    raise unreadable(f'Invalid JSON payload received. Unknown name "{name}": {cannot_bind}', "")


def _require(method: ApiMethod, given: Mapping[str, list[str]]) -> None:
    for name, spec in method.parameters.items():
        if spec.get("required") and not any(given.get(name, ())):
            if method.api != CALENDAR:
                raise unreadable(f"Missing required field {snake(name)}", snake(name))
            raise _invalid("required", f"Required parameter: {name}", name)


def unreadable(description: str, field: str) -> ApiError:
    """Return the refusal of a request that does not read, as the One Platform front end words it."""
    return ApiError(400, "badRequest", description, details=[bad_request(field, description)])


def _strict(name: str, spec: Spec, values: list[str]) -> Any:
    if spec.get("repeated"):
        return [_strict_one(name, spec, value) for value in values]
    if len(values) > 1:
        raise unreadable(f"Invalid value at '{snake(name)}', a parameter that is not repeated was given twice", name)
    return _strict_one(name, spec, values[0])


def _strict_one(name: str, spec: Spec, text: str) -> Any:
    if "enum" in spec and text not in spec["enum"]:
        raise _unreadable_value(name, f"TYPE_ENUM of {', '.join(spec['enum'])}", text)
    if spec["type"] == "boolean":
        if text.lower() not in WORDS:
            raise _unreadable_value(name, "TYPE_BOOL", text)
        return WORDS[text.lower()]
    if spec["type"] == "integer" or spec.get("format") == "uint64":
        kind = spec["format"]
        number = _integer(text, *INTEGER_RANGES.get(kind, (0, 2**64 - 1)))
        if number is None:
            raise _unreadable_value(name, f"TYPE_{kind.upper()}", text)
        return number if spec["type"] == "integer" else text
    return text


def _unreadable_value(name: str, kind: str, text: str) -> ApiError:
    return unreadable(f"Invalid value at '{snake(name)}' ({kind}), \"{text}\"", snake(name))


def _lenient(name: str, spec: Spec, values: list[str]) -> Any:
    if spec.get("repeated"):
        return [_lenient_one(name, spec, value) for value in values]
    return _lenient_one(name, spec, values[-1])


def _lenient_one(name: str, spec: Spec, text: str) -> Any:
    if "enum" in spec and text not in spec["enum"]:
        allowed = ", ".join(spec["enum"])
        raise _invalid("invalidParameter", f"Invalid string value: '{text}'. Allowed values: [{allowed}]", name)
    if spec["type"] == "boolean":
        if text.lower() not in WORDS:
            raise _invalid("invalidParameter", f"Invalid boolean value: '{text}'.", name)
        return WORDS[text.lower()]
    if spec["type"] == "integer":
        return _lenient_integer(name, spec, text)
    if spec.get("format") == "date-time" and not OFFSET_TIME.fullmatch(text):
        raise ApiError(400, "badRequest", "Bad Request")
    return text


def _lenient_integer(name: str, spec: Spec, text: str) -> int:
    low, high = INTEGER_RANGES[spec["format"]]
    number = _integer(text, low, high)
    if number is None:
        raise _invalid("invalidParameter", f"Invalid integer value: '{text}'.", name)
    low, high = int(spec.get("minimum", low)), int(spec.get("maximum", high))
    if not low <= number <= high:
        within = f"Invalid value '{number}'. Values must be within the range: [{low}, {high}]"
        raise _invalid("invalidParameter", within, name)
    return number


def _invalid(reason: str, message: str, name: str) -> ApiError:
    return ApiError(400, reason, message, location=name, location_type="parameter")


def _integer(text: str, low: int, high: int) -> int | None:
    """Return the integer a text spells, or None if it spells none within the range."""
    if not re.fullmatch(r"-?\d{1,20}", text, re.ASCII):
        return None
    number = int(text)
    return number if low <= number <= high else None


def snake(name: str) -> str:
    """Return a field's name as it is inside Google, where errors come from."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
