"""
Fit: whether an answer is what the discovery document promises.

Stricter than any client: a field that the schema does not name is a fault too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from mailgrant.sandbox.frame.discovery import document

Schema = Mapping[str, Any]

KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "array": (list,),
    "object": (dict,),
}


def misfits(api: str, schema: Schema, value: Any, path: str = "$") -> Iterator[str]:
    """Yield a sentence for each place where a value is not what its schema says."""
    if "$ref" in schema:
        schema = document(api)["schemas"][schema["$ref"]]
    kind = schema["type"]
    if kind == "any":
        return
    if not isinstance(value, KINDS[kind]) or (isinstance(value, bool) and kind != "boolean"):
        yield f"{path} is {type(value).__name__}, not {kind}"
    elif kind == "array":
        for index, item in enumerate(value):
            yield from misfits(api, schema["items"], item, f"{path}[{index}]")
    elif kind == "object":
        yield from _object_misfits(api, schema, value, path)
    else:
        yield from _scalar_misfits(schema, value, path)


def _object_misfits(api: str, schema: Schema, value: Mapping[str, Any], path: str) -> Iterator[str]:
    properties, others = schema.get("properties", {}), schema.get("additionalProperties")
    for name, inner in value.items():
        child = properties.get(name, others)
        if child is None:
            yield f"{path}.{name} is not in the schema"
        else:
            yield from misfits(api, child, inner, f"{path}.{name}")


def _scalar_misfits(schema: Schema, value: Any, path: str) -> Iterator[str]:
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path} is {value!r}, none of {', '.join(schema['enum'])}"
    reads = FORMATS.get(schema.get("format", ""))
    if reads is not None and not reads(value):
        yield f"{path} is {value!r}, which is no {schema['format']}"


def _within(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: re.fullmatch(r"-?\d+", str(value), re.ASCII) is not None and low <= int(value) <= high


def _is_moment(value: str) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _is_date(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


FORMATS: dict[str, Callable[[Any], bool]] = {
    "int32": _within(-(2**31), 2**31 - 1),
    "uint32": _within(0, 2**32 - 1),
    "int64": _within(-(2**63), 2**63 - 1),
    "uint64": _within(0, 2**64 - 1),
    "byte": lambda value: re.fullmatch(r"[A-Za-z0-9_-]*={0,2}", value) is not None and len(value) % 4 == 0,
    "date-time": _is_moment,
    "date": _is_date,
}
