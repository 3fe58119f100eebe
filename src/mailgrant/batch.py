"""
Batch: several reads in one request, and their answers out of one answer.

It saves processor time and connections, never quota: each part counts as a call of its own, and is
under way at the same time as the others (https://developers.google.com/workspace/gmail/api/guides/batch).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailgrant.http import Request, Response

# It stands nowhere in what a part says: a path with a query, which has no line break.
BOUNDARY = "mailgrant_batch"
BOUNDARY_OF_ANSWER = re.compile(r"""boundary=(?:"([^"]+)"|([^\s;]+))""", re.IGNORECASE)
# What Google makes of the id that a part of ours has.
NUMBER = re.compile(rb"^content-id:\s*<response-(\d+)>", re.IGNORECASE | re.MULTILINE)
STATUS_LINE = re.compile(rb"HTTP/\d(?:\.\d)? (\d{3})\b")
BLANK_LINE = b"\r\n\r\n"


def together(url: str, reads: Sequence[Request]) -> Request:
    """
    Return the one request, to the batch address `url`, that asks for all of `reads`.

    What it says of the account, its header fields do for every part. Raises ValueError for what is
    no plain read: who would know what was done of a batch whose answer was lost?
    """
    if not reads or not all(each.method == "GET" and each.drain is None for each in reads):
        raise ValueError("a batch carries plain reads")
    parts = (_part(number, each) for number, each in enumerate(reads))
    return Request(
        "POST",
        url,
        operation=reads[0].operation,
        headers={"Content-Type": f"multipart/mixed; boundary={BOUNDARY}"},
        body=f"{''.join(parts)}--{BOUNDARY}--".encode(),
        parts=tuple(reads),
    )


def answers_in(answer: Response, count: int) -> list[Response | None]:
    """
    Return the answer to each of `count` reads, in their order: their status and body, no header fields.

    None for one that has no answer of its own in there, or one that is cut off.
    """
    found: list[Response | None] = [None] * count
    for piece in _pieces(answer):
        mime, _, inner = piece.partition(BLANK_LINE)
        number, status = NUMBER.search(mime), STATUS_LINE.match(inner)
        _, blank, body = inner.partition(BLANK_LINE)
        if number and status and blank and int(number[1]) < count:
            found[int(number[1])] = Response(int(status[1]), body=body)
    return found


def is_batch(answer: Response) -> bool:
    """Tell whether this is the answer of a batch at all, and not a page of somebody in between."""
    return boundary_of(answer) is not None


def boundary_of(answer: Response) -> bytes | None:
    """Return what stands between the parts (RFC 2046 §5.1.1), None where there are none."""
    kind = answer.headers.get("content-type", "")
    found = BOUNDARY_OF_ANSWER.search(kind) if kind.lower().startswith("multipart/") else None
    return (found[1] or found[2]).encode() if found else None


def _part(number: int, read: Request) -> str:
    # The part goes where the batch does: its address has no scheme and no host.
    target = read.url[read.url.index("/", len("https://")) :]
    fields = "".join(f"{name}: {value}\r\n" for name, value in read.headers.items())
    return (
        f"--{BOUNDARY}\r\nContent-Type: application/http\r\nContent-ID: <{number}>\r\n\r\n"
        f"GET {target} HTTP/1.1\r\n{fields}\r\n\r\n"
    )


def _pieces(answer: Response) -> list[bytes]:
    """Return the parts as they stand, without what comes before the first and after the last."""
    boundary = boundary_of(answer)
    if boundary is None:
        return []
    # The line break before a boundary belongs to it; the first may stand at the very beginning.
    _, *pieces = (b"\r\n" + answer.body).split(b"\r\n--" + boundary)
    # What is cut off has no end: the last boundary is followed by two hyphens.
    return pieces[:-1]
