"""Keepsakes: contents that never change, kept in memory so that they are not fetched twice."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable

# Of all that is kept together; what was asked for longest ago goes first.
MOST_BYTES = 16 * 1024 * 1024
# One content takes at most this share of it: a large one would throw out all the others.
LARGEST_SHARE = 4


class Keepsakes:
    """
    The last contents, up to `most` bytes.

    A message's bytes and its attachments never change under its id. Any thread may ask.
    """

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()
        self._bytes = 0
        self._turn = threading.Lock()

    def get(self, name: Hashable) -> bytes | None:
        """Return a content, or None when it is not here."""
        with self._turn:
            content = self._kept.get(name)
            if content is not None:
                self._kept.move_to_end(name)
            return content

    def put(self, name: Hashable, content: bytes) -> bytes:
        """Keep a content, if it is small enough, and return it."""
        if len(content) > self._most // LARGEST_SHARE:
            return content
        with self._turn:
            self._bytes += len(content) - len(self._kept.pop(name, b""))
            self._kept[name] = content
            while self._bytes > self._most:
                self._bytes -= len(self._kept.popitem(last=False)[1])
        return content
