"""
Masks: the `fields` parameter, which says what of a resource is wanted.

`messages(id,threadId),nextPageToken` and `payload/headers` are masks; `*` stands for every field.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeAlias

from mailgrant.sandbox.frame.discovery import document

# Field name to what is wanted inside it; an empty mask wants all.
Mask: TypeAlias = "dict[str, Mask]"
Schema: TypeAlias = Mapping[str, Any]


class BadMask(ValueError):
    """A mask that does not parse, or names a field that is not there; `path` says which."""

    def __init__(self, path: str) -> None:
        super().__init__(f"not a field: {path}")
        self.path = path


@lru_cache(maxsize=512)
def mask_for(api: str, schema: str, text: str) -> Mask:
    """Return the parsed mask, checked against the schema of the method's answer. It is shared: read only."""
    try:
        parsed = parse(text)
        _check(api, {"$ref": schema}, parsed, "")
    except RecursionError as error:
        raise BadMask(text) from error
    return parsed


def parse(text: str) -> Mask:
    """Parse a mask; raises `BadMask`."""
    mask, rest = _parse_list(text.replace(" ", ""), text)
    if rest:
        raise BadMask(text)
    return mask


def apply(mask: Mask, value: Any) -> Any:
    """Return what a mask leaves of a value."""
    if not mask or mask.get("*") == {}:
        return value
    if isinstance(value, list):
        return [apply(mask, item) for item in value]
    if not isinstance(value, dict):
        return value
    wanted = ((name, mask.get(name, mask.get("*"))) for name in value)
    return {name: apply(inner, value[name]) for name, inner in wanted if inner is not None}


def _parse_list(text: str, whole: str) -> tuple[Mask, str]:
    mask: Mask = {}
    while True:
        text = _parse_item(text, whole, mask)
        if not text.startswith(","):
            return mask, text
        text = text[1:]


def _parse_item(text: str, whole: str, into: Mask) -> str:
    """Read one item (`a`, `a/b`, `a(b,c)`) into a mask and return what follows it."""
    end = next((index for index, char in enumerate(text) if char in ",()/"), len(text))
    name, rest = text[:end], text[end:]
    if not name:
        raise BadMask(whole)
    known = name in into
    inner = into.setdefault(name, {})
    if rest.startswith("/"):
        return _parse_item(rest[1:], whole, inner)
    if rest.startswith("("):
        parsed, rest = _parse_list(rest[1:], whole)
        if not rest.startswith(")"):
            raise BadMask(whole)
        if not known or inner:
            inner.update(parsed)
        return rest[1:]
    inner.clear()
    return rest


def _check(api: str, schema: Schema, mask: Mask, path: str) -> None:
    schema = _resolved(api, schema)
    properties, others = schema.get("properties", {}), schema.get("additionalProperties")
    for name, inner in mask.items():
        here = f"{path}/{name}" if path else name
        if name == "*":
            continue
        child = properties.get(name, others)
        if child is None:
            raise BadMask(here)
        _check(api, child, inner, here)


def _resolved(api: str, schema: Schema) -> Schema:
    """Follow references and list items down to an object or a scalar."""
    while True:
        if "$ref" in schema:
            schema = document(api)["schemas"][schema["$ref"]]
        elif schema.get("type") == "array":
            schema = schema["items"]
        else:
            return schema
