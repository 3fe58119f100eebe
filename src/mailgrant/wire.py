"""Wire: what a request and its answer are in bytes: header fields, and bodies that come compressed."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping

from mailgrant._version import __version__
from mailgrant.http import Request

# Gmail compresses only for a User-Agent that says "gzip" besides accepting it.
USER_AGENT = f"mailgrant/{__version__} (gzip)"
OURS = ((b"User-Agent", USER_AGENT.encode()), (b"Accept-Encoding", b"gzip"))
# zlib's number for gzip's header and checksum (RFC 1952).
GZIP = 31
LARGEST_PIECE = 256 * 1024
AS_IT_IS = ("", "identity")

Field = tuple[bytes, bytes]


class Damaged(Exception):
    """A body is not what its header fields say it is."""


def fields_of(request: Request) -> list[Field]:
    """Return the header fields of a request, with those that every request of ours has."""
    return [*OURS, *((name.encode("ascii"), value.encode("ascii")) for name, value in request.headers.items())]


def headers_of(fields: Iterable[Field]) -> dict[str, str]:
    """Return an answer's header fields by their lower-case names; of one that came twice, the last."""
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in fields}


class Unzipping:
    """Takes a body as it comes and gives it back uncompressed, if it was compressed."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        encoding = headers.get("content-encoding", "").strip().lower()
        if encoding not in (*AS_IT_IS, "gzip"):
            raise Damaged(f"it came compressed in a way that was not asked for ({encoding})")
        self._zipped = None if encoding in AS_IT_IS else zlib.decompressobj(GZIP)

    def plain(self, piece: bytes) -> Iterator[bytes]:
        """
        Yield what the next piece holds, in pieces of their own: a small one may hold a thousand times its length.

        Raises Damaged where it holds nothing that can be read.
        """
        if self._zipped is None:
            yield piece
            return
        plain = b""
        # A full one may have left something behind, though all that came was taken.
        while piece or len(plain) == LARGEST_PIECE:
            try:
                plain = self._zipped.decompress(piece, LARGEST_PIECE)
            except zlib.error as error:
                raise Damaged("its compressed body is damaged") from error
            piece = self._zipped.unconsumed_tail
            yield plain

    def end(self) -> None:
        """Raise Damaged when the body stopped before its end."""
        if self._zipped is not None and not self._zipped.eof:
            raise Damaged("its compressed body was cut short")


def unzipped(body: bytes, headers: Mapping[str, str]) -> bytes:
    """Return a whole body uncompressed; raises Damaged."""
    unzipping = Unzipping(headers)
    if not body:
        return body
    plain = b"".join(unzipping.plain(body))
    unzipping.end()
    return plain
