"""
Bodies: a call's JSON, checked against the schema its method names.

Gmail reads JSON as a protocol buffer: unknown names and wrong types are refused, null is absent.
Calendar drops what it does not know and keeps null, which clears a field in a patch.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from math import inf
from typing import Any

from mailgrant.sandbox.frame.discovery import CALENDAR, ApiMethod, document
from mailgrant.sandbox.frame.validate import INTEGER_RANGES, snake, unreadable
from mailgrant.sandbox.frame.wire import ApiError

Schema = Mapping[str, Any]

RANGES = {**INTEGER_RANGES, "int64": (-(2**63), 2**63 - 1), "uint64": (0, 2**64 - 1)}
BASE64 = re.compile(r"[A-Za-z0-9+/_\-\s]*={0,2}")


def read_body(method: ApiMethod, content: bytes) -> dict[str, Any]:
    """Return a call's JSON body, `{}` when there is none; raises `ApiError` in its API's dialect."""
    if not content.strip() or method.request is None:
        return {}
    read = _read_leniently if method.api == CALENDAR else _read_strictly
    try:
        return read(method, content)
    except RecursionError as error:
        # Google stops at a hundred levels; Python's limit does as well, and no honest body comes near either.
        if method.api == CALENDAR:
            raise _unparsable() from error
        raise unreadable("Invalid JSON payload received. Nested too deeply.", "") from error


def _read_strictly(method: ApiMethod, content: bytes) -> dict[str, Any]:
    try:
        value = _parse(content)
    except ValueError as error:
        first = getattr(error, "msg", "the text is not UTF-8")
        raise unreadable(f"Invalid JSON payload received. {first}", "") from error
    name = method.request or ""
    root = "" if name.endswith("Request") else snake(name)
    checked = _strict({"$ref": name}, value, root)
    return checked if isinstance(checked, dict) else {}


def _parse(content: bytes) -> Any:
    """Parse JSON; raises ValueError, also for half of a character, which JSON can spell and no answer could carry."""
    value = json.loads(content)
    if b"\\ud" in content.lower():
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _strict(schema: Schema, value: Any, path: str) -> Any:
    if "$ref" in schema:
        schema = document("gmail")["schemas"][schema["$ref"]]
    kind = schema["type"]
    if kind == "array":
        if not isinstance(value, list):
            raise _wrong_type(schema["items"], value, path)
        return [_strict(schema["items"], item, f"{path}[{index}]") for index, item in enumerate(value)]
    if kind == "object":
        return _strict_object(schema, value, path)
    if isinstance(value, (list, dict)):
        started = "list" if isinstance(value, list) else "an object"
        outer, _, name = path.rpartition(".")
        where = f" at '{outer}'" if outer else ""
        text = f'Unknown name "{name}"{where}: Proto field is not repeating, cannot start {started}.'
        raise unreadable(f"Invalid JSON payload received. {text}", outer)
    return _strict_scalar(schema, value, path)


def _strict_object(schema: Schema, value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise unreadable(f"Invalid value at '{path}' (an object), {json.dumps(value)}", path)
    properties, others = schema.get("properties", {}), schema.get("additionalProperties")
    result = {}
    for name, inner in value.items():
        child = properties.get(name, others)
        if child is None:
            where = f" at '{path}'" if path else ""
            raise unreadable(f'Invalid JSON payload received. Unknown name "{name}"{where}: Cannot find field.', path)
        if inner is not None:
            result[name] = _strict(child, inner, f"{path}.{snake(name)}" if path else snake(name))
    return result


def _strict_scalar(schema: Schema, value: Any, path: str) -> Any:
    kind = schema["type"]
    if kind == "boolean" and isinstance(value, bool):
        return value
    if kind in {"integer", "number"} or schema.get("format") in {"int64", "uint64"}:
        return _strict_number(schema, value, path)
    if kind == "string" and isinstance(value, str):
        if schema.get("format") == "byte" and (not BASE64.fullmatch(value) or len(value.rstrip("=")) % 4 == 1):
            raise _wrong_type(schema, value[:40], path)
        return _choice(schema, value, path) if "enum" in schema else value
    raise _wrong_type(schema, value, path)


def _choice(schema: Schema, value: str, path: str) -> str:
    """Return one of the choices; Gmail's own guide writes some in capitals (`INCLUDE`)."""
    for spelled in (value, value.lower() if value.isupper() else value):
        if spelled in schema["enum"]:
            return spelled
    raise _wrong_type(schema, value, path)


def _strict_number(schema: Schema, value: Any, path: str) -> Any:
    """Return a number; 64-bit ones travel as text, and text that spells a number will do for any."""
    text = str(value)
    decimals = r"(\.\d+)?" if schema["type"] == "number" else ""
    if isinstance(value, bool) or not re.fullmatch(rf"-?\d{{1,20}}{decimals}", text, re.ASCII):
        raise _wrong_type(schema, value, path)
    if not _is_in_range(schema, text):
        raise _wrong_type(schema, value, path)
    if schema["type"] == "string":
        return text
    return float(text) if schema["type"] == "number" else int(text)


def _is_in_range(schema: Schema, text: str) -> bool:
    low, high = RANGES.get(schema.get("format", ""), (-inf, inf))
    return low <= float(text) <= high if "." in text else low <= int(text) <= high


def _wrong_type(schema: Schema, value: Any, path: str) -> ApiError:
    formats = {"byte": "TYPE_BYTES", "boolean": "TYPE_BOOL"}
    name = schema.get("format", schema.get("type", "object"))
    kind = "TYPE_ENUM" if "enum" in schema else formats.get(name, f"TYPE_{name.upper()}")
    return unreadable(f"Invalid value at '{path}' ({kind}), {json.dumps(value)[:80]}", path)


def _read_leniently(method: ApiMethod, content: bytes) -> dict[str, Any]:
    try:
        value = _parse(content)
    except ValueError as error:
        raise _unparsable() from error
    if not isinstance(value, dict):
        raise _unparsable()
    kept: dict[str, Any] = _lenient({"$ref": method.request}, value)
    return kept


def _lenient(schema: Schema, value: Any) -> Any:
    """Return a value without the fields its schema does not know; null stays null."""
    if "$ref" in schema:
        schema = document(CALENDAR)["schemas"][schema["$ref"]]
    if value is None:
        return None
    return LENIENT_READERS[schema["type"]](schema, value)


def _lenient_object(schema: Schema, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _invalid()
    properties, others = schema.get("properties", {}), schema.get("additionalProperties")
    children = {name: properties.get(name, others) for name in value}
    return {name: _lenient(child, value[name]) for name, child in children.items() if child is not None}


def _lenient_list(schema: Schema, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _invalid()
    return [_lenient(schema["items"], item) for item in value]


def _lenient_text(_: Schema, value: Any) -> str:
    if isinstance(value, (dict, list)):
        raise _invalid()
    return value if isinstance(value, str) else json.dumps(value)


def _lenient_boolean(_: Schema, value: Any) -> bool:
    words = {"true": True, "false": False, True: True, False: False}
    if isinstance(value, (dict, list)) or value not in words:
        raise _invalid()
    return words[value]


def _lenient_number(schema: Schema, value: Any) -> float:
    if isinstance(value, bool) or not re.fullmatch(r"-?\d{1,20}(\.\d+)?", str(value), re.ASCII):
        raise _invalid()
    if not _is_in_range(schema, str(value)):
        raise _invalid()
    return float(value) if schema["type"] == "number" else int(float(value))


def _lenient_anything(_: Schema, value: Any) -> Any:
    return value


def _unparsable() -> ApiError:
    return ApiError(400, "parseError", "Parse Error")


def _invalid() -> ApiError:
    return ApiError(400, "invalid", "Invalid Value")


LENIENT_READERS: dict[str, Callable[[Schema, Any], Any]] = {
    "object": _lenient_object,
    "array": _lenient_list,
    "string": _lenient_text,
    "boolean": _lenient_boolean,
    "integer": _lenient_number,
    "number": _lenient_number,
    "any": _lenient_anything,
}
