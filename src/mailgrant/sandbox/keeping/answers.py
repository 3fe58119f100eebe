"""
Answers: the file in which the JSON of messages lies, ready to be sent.

It is only ever appended to, and read from anywhere: one system call a message, where a database would
need several and copy whole pages. All of it can be written again from the mail, so what is found missing
is no damage.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from mailgrant.sandbox.mail.render import Rendered, Slot

# None of these stands in any JSON or media type: they part the fields, part the pieces of a payload, and
# mark the places of attachment ids.
FIELD = b"\x1d"
PIECE = b"\x1e"
PLACE = b"\x1f"


class AnswerFile:
    """The file. One thread appends; any may read."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._end = os.fstat(self._file).st_size

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def clear(self) -> None:
        """Forget everything."""
        os.ftruncate(self._file, 0)
        self._end = 0

    def append(self, answers: Iterable[Rendered]) -> list[tuple[int, int]]:
        """Add answers, and return where each begins and how long it is, once all of them are on the disk."""
        places = []
        with os.fdopen(os.dup(self._file), "ab") as file:
            for answer in answers:
                content = _written(answer)
                file.write(content)
                places.append((self._end, len(content)))
                self._end += len(content)
        if places:
            os.fdatasync(self._file)
        return places

    def read(self, place: int, length: int) -> Rendered | None:
        """Return the answer at a place, None if it is not there."""
        content = os.pread(self._file, length, place)
        if len(content) < length or not length:
            return None
        mime_type, payload, snippet = content.split(FIELD, 2)
        return Rendered(
            snippet.decode("utf-8", "surrogatepass"), mime_type=mime_type.decode(), payload=_pieces(payload)
        )


def _written(answer: Rendered) -> bytes:
    pieces = [piece if isinstance(piece, bytes) else PLACE + piece.part_id.encode() for piece in answer.payload]
    snippet = answer.snippet.encode("utf-8", "surrogatepass")
    # The snippet comes last: of the three it alone may hold any character.
    return FIELD.join((answer.mime_type.encode(), PIECE.join(pieces), snippet))


def _pieces(content: bytes) -> tuple[bytes | Slot, ...]:
    if PIECE not in content:
        return (content,)
    pieces = content.split(PIECE)
    return tuple(Slot(piece[1:].decode()) if piece.startswith(PLACE) else piece for piece in pieces)
