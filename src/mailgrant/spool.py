"""Spool: content that is kept for a moment between two requests, on disk where it is large."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Iterator

# So much may be in memory; what is longer goes into a file that has no name and is gone with the spool.
LARGEST_IN_MEMORY = 1 << 20
PIECE = 57 * 2048


class Spool:
    """Takes content piece by piece and gives it again, as often as need be."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=LARGEST_IN_MEMORY)  # noqa: SIM115 - lives as long as this
        self.size = 0
        weakref.finalize(self, self._file.close)

    def begin(self) -> None:
        """Forget what was written."""
        self._file.seek(0)
        self._file.truncate()
        self.size = 0

    def write(self, piece: bytes) -> None:
        """Add a piece."""
        self._file.seek(self.size)
        self.size += self._file.write(piece)

    def read_from(self, offset: int) -> Iterator[bytes]:
        """Yield the content from `offset` on."""
        while offset < self.size:
            self._file.seek(offset)
            piece = self._file.read(PIECE)
            offset += len(piece)
            yield piece
