"""
Codec: what a sandbox holds, as JSON that `--data` keeps, and back.

Values (dataclasses, enums, times, tuples…) are written with the name of what they are and made anew.
Things that live on, such as a mailbox, name in `KEPT` the attributes that are kept; they are there
already when they are read, and are filled. Only what `kinds` lists is ever made: a file cannot name
other classes.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any, ClassVar, Protocol, TypeAlias, runtime_checkable

# Stands before the name of what an object is.
KIND = "~"
VALUE = "="

Json: TypeAlias = Any


@runtime_checkable
class Holder(Protocol):
    """Something that lives on and has attributes to keep."""

    KEPT: ClassVar[tuple[str, ...]]


@runtime_checkable
class Reduced(Protocol):
    """A value that is made again from less than its fields."""

    def reduced(self) -> tuple[Any, ...]:
        """Return what `restored` makes it from."""

    @classmethod
    def restored(cls, *values: Any) -> Any:
        """Make it again."""


class Codec:
    """Writes and reads values of these kinds."""

    def __init__(self, kinds: Iterable[type]) -> None:
        self._kinds = {kind.__name__: kind for kind in kinds}
        self._field_names: dict[type, tuple[str, ...]] = {}

    def write(self, value: object) -> str:
        """Return a value, or what is kept of a holder, as JSON."""
        return json.dumps(self._plain(value), separators=(",", ":"))

    def fill(self, holder: Holder, text: str) -> None:
        """Give a holder the attributes that were kept; raises ValueError where the text is not ours."""
        try:
            self._fill(holder, json.loads(text))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{type(error).__name__}: {error}") from error

    def read(self, text: str) -> Any:
        """Return the value that was written; raises ValueError where the text is not ours."""
        try:
            return self._value(json.loads(text))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{type(error).__name__}: {error}") from error

    def _plain(self, value: Any) -> Json:
        if value is None or (isinstance(value, (bool, int, float, str)) and not isinstance(value, Enum)):
            return value
        if isinstance(value, list):
            return [self._plain(item) for item in value]
        if type(value) is dict:
            return self._plain_mapping(value)
        if isinstance(value, Holder):
            return {name: self._plain(getattr(value, name)) for name in value.KEPT}
        return self._named(value)

    def _plain_mapping(self, mapping: Mapping[Any, Any]) -> Json:
        if all(type(key) is str for key in mapping) and KIND not in mapping:
            return {key: self._plain(value) for key, value in mapping.items()}
        pairs = [[self._plain(key), self._plain(value)] for key, value in mapping.items()]
        return {KIND: "dict", VALUE: pairs}

    def _named(self, value: Any) -> Json:
        for kind, write in WRITERS:
            if isinstance(value, kind):
                return {KIND: kind.__name__, VALUE: self._plain(write(value))}
        name = type(value).__name__
        if self._kinds.get(name) is not type(value):
            raise TypeError(f"a {name} cannot be kept")
        if isinstance(value, Enum):
            return {KIND: name, VALUE: value.name}
        if isinstance(value, Reduced):
            return {KIND: name, VALUE: [self._plain(item) for item in value.reduced()]}
        return {KIND: name, VALUE: {field: self._plain(getattr(value, field)) for field in self._names(type(value))}}

    def _names(self, kind: type) -> tuple[str, ...]:
        if kind not in self._field_names:
            if not is_dataclass(kind):
                raise TypeError(f"a {kind.__name__} cannot be kept")
            self._field_names[kind] = tuple(field.name for field in fields(kind) if field.metadata.get("kept", True))
        return self._field_names[kind]

    def _fill(self, holder: Holder, kept: Mapping[str, Json]) -> None:
        for name in holder.KEPT:
            present = getattr(holder, name)
            if isinstance(present, Holder):
                self._fill(present, kept[name])
            else:
                setattr(holder, name, self._value(kept[name]))

    def _value(self, plain: Json) -> Any:
        if isinstance(plain, list):
            return [self._value(item) for item in plain]
        if not isinstance(plain, dict):
            return plain
        if KIND not in plain:
            return {key: self._value(value) for key, value in plain.items()}
        name, value = plain[KIND], self._value(plain[VALUE])
        if name in READERS:
            return READERS[name](value)
        kind: Any = self._kinds[name]
        if issubclass(kind, Enum):
            return kind[value]
        return kind.restored(*value) if isinstance(value, list) else kind(**value)


# The more exact kinds first: a datetime is a date as well.
WRITERS: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (tuple, list),
    (frozenset, sorted),
    (set, sorted),
    (deque, list),
    (bytes, lambda content: b64encode(content).decode()),
    (datetime, lambda moment: moment.isoformat()),
    (date, lambda day: day.isoformat()),
    (timedelta, lambda span: [span.days, span.seconds, span.microseconds]),
)
READERS: dict[str, Callable[[Any], Any]] = {
    "dict": dict,
    "tuple": tuple,
    "frozenset": frozenset,
    "set": set,
    "deque": deque,
    "bytes": b64decode,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "timedelta": lambda parts: timedelta(*parts),
}
