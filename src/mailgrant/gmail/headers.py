"""Headers: the header fields of a mail, read without regard to case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Headers(Mapping[str, str]):
    """
    Header fields in their order, duplicates kept.

    As a mapping it is found by any spelling (`headers["message-id"]`) and gives the first field of a
    name; `all(name)` gives every one.
    """

    fields: tuple[tuple[str, str], ...] = ()
    # A message is asked for a dozen names when it is read: the fields are gone through once.
    _values: dict[str, tuple[str, ...]] | None = field(init=False, default=None, repr=False, compare=False)

    @classmethod
    def of(cls, given: HeaderFields) -> Headers:
        """Take fields as a mapping or as pairs."""
        if isinstance(given, Headers):
            return given
        return cls(tuple(given.items() if isinstance(given, Mapping) else given))

    def all(self, name: str) -> tuple[str, ...]:
        """Return the values of every field called `name`, in order."""
        if self._values is None:
            object.__setattr__(self, "_values", _by_name(self.fields))
        return (self._values or {}).get(name.lower(), ())

    def first(self, name: str) -> str:
        """Return the value of the first field called `name`, empty where there is none."""
        values = self.all(name)
        return values[0] if values else ""

    def __getitem__(self, name: str) -> str:
        values = self.all(name)
        if not values:
            raise KeyError(name)
        return values[0]

    def __iter__(self) -> Iterator[str]:
        return iter({name.lower(): name for name, _ in reversed(self.fields)}.values())

    def __len__(self) -> int:
        return len({name.lower() for name, _ in self.fields})


def _by_name(fields: tuple[tuple[str, str], ...]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, value in fields:
        found.setdefault(name.lower(), []).append(value)
    return {name: tuple(values) for name, values in found.items()}


HeaderFields = Mapping[str, str] | Iterable[tuple[str, str]]
