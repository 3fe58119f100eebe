"""The codec: what `--data` keeps comes back as it was, and a file makes nothing but what it may."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Any, ClassVar

import pytest

from mailgrant.sandbox.keeping.codec import Codec


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Cup:
    name: str
    colour: Colour = field(kw_only=True)
    seen: list[int] = field(kw_only=True, default_factory=list, metadata={"kept": False})


class Shelf:
    KEPT: ClassVar[tuple[str, ...]] = ("cups", "inner")

    def __init__(self, inner: Shelf | None = None) -> None:
        self.cups: dict[str, Cup] = {}
        self.inner = inner
        self.open = True


CODEC = Codec([Colour, Cup])
NOON = datetime(2026, 3, 4, 12, 30, 5, 250_001, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        7,
        "Grüße\ud800",
        [1, [2]],
        {"a": 1, "b": {"c": [None]}},
        {"~": "a text that looks like ours"},
        {("ada", 1): "x"},
        (1, (2, "3")),
        frozenset({"b", "a"}),
        {"a", "b"},
        deque([1, 2]),
        b"\x00\xff",
        NOON,
        date(2026, 3, 4),
        timedelta(days=-3, seconds=5, microseconds=1),
        Colour.RED,
        Cup("Ada's", colour=Colour.RED),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    found = CODEC.read(CODEC.write(value))

    assert found == value
    assert type(found) is type(value)


def test_a_holder_is_filled_and_keeps_what_it_is() -> None:
    shelf, other = Shelf(Shelf()), Shelf(Shelf())
    assert shelf.inner is not None
    shelf.cups["a"] = shelf.inner.cups["b"] = Cup("Ada's", colour=Colour.RED)
    inner, other.open = other.inner, False

    CODEC.fill(other, CODEC.write(shelf))

    assert other.cups == shelf.cups
    assert other.inner is inner
    assert inner is not None
    assert inner.cups == shelf.inner.cups
    assert other.open is False


def test_what_is_marked_as_not_kept_is_made_anew() -> None:
    cup = Cup("Ada's", colour=Colour.RED, seen=[1])

    assert CODEC.read(CODEC.write(cup)).seen == []


@pytest.mark.parametrize(
    "value", [object(), Codec([]), print, [lambda: None]], ids=["object", "class", "function", "in"]
)
def test_what_has_no_kind_is_not_written(value: Any) -> None:
    with pytest.raises(TypeError, match="cannot be kept"):
        CODEC.write(value)


@pytest.mark.parametrize(
    "text",
    [
        '{"~": "Popen", "=": ["id"]}',
        '{"~": "Cup", "=": {"size": 3}}',
        '{"~": "Colour", "=": "GREEN"}',
        '{"~": "datetime", "=": "noon"}',
        '{"~": "Cup"}',
        "no JSON",
    ],
)
def test_a_file_makes_nothing_but_what_it_may(text: str) -> None:
    with pytest.raises(ValueError):
        CODEC.read(text)


def test_a_holder_with_less_than_it_needs_is_refused() -> None:
    with pytest.raises(ValueError, match="inner"):
        CODEC.fill(Shelf(Shelf()), json.dumps({"cups": {}}))
