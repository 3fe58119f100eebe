"""
Content: the bytes of a message, in memory or on a shelf.

A mailbox of a gigabyte is read a message at a time; where `--data` keeps it, only what is being read
need be in memory.
"""

from __future__ import annotations

from typing import Protocol, TypeAlias

from mailgrant.sandbox.mail.render import Rendered


class Shelved(Protocol):
    """Bytes that lie elsewhere; their length is known without reading them."""

    def __len__(self) -> int: ...

    def read(self) -> bytes:
        """Return the bytes."""

    def rendered(self) -> Rendered:
        """Return the JSON of the message that they are, written when they were put away."""


Content: TypeAlias = "bytes | Shelved"


def raw_of(content: Content) -> bytes:
    """Return the bytes, wherever they are."""
    return content if isinstance(content, bytes) else content.read()
