"""
Batch: many calls in one request, each answered as if it had come alone.

A part is a whole HTTP request whose target is a path; the outer headers hold for every part that does
not bring its own. A batch saves round trips, never quota.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from mailgrant.sandbox import entropy
from mailgrant.sandbox.frame.api import SHARED_HEADERS
from mailgrant.sandbox.frame.discovery import CALENDAR, GMAIL
from mailgrant.sandbox.frame.uploads import BLANK_LINE, boundary_of, raw_parts
from mailgrant.sandbox.frame.wire import Answer, ApiError, HttpRequest

# The parts are text inside a text: only the whole is compressed. A fault is for whoever brings it.
NOT_FOR_PARTS = frozenset({"accept-encoding", "x-sandbox-fault"})
MOST_PARTS = {GMAIL: 100, CALENDAR: 50}


@dataclass(frozen=True, slots=True)
class Part:
    """One call of a batch, and the id under which its answer is found."""

    content_id: str
    request: HttpRequest = field(repr=False)


def write_answers(parts: Sequence[Part], answers: Iterable[Answer]) -> Answer:
    """Return the answer of a batch: it succeeds whatever its parts do."""
    boundary = f"batch_{entropy.opaque(24)}"
    answered = zip(parts, answers, strict=True)
    body = b"".join(_written(boundary, part.content_id, answer) for part, answer in answered)
    headers = [("Content-Type", f"multipart/mixed; boundary={boundary}"), *SHARED_HEADERS]
    return Answer(200, headers=headers, body=body + f"--{boundary}--".encode())


def read_parts(api: str, outer: HttpRequest) -> list[Part]:
    """Return the calls of a batch; raises `ApiError`."""
    if not outer.media_type.startswith("multipart/"):
        raise ApiError(400, "badRequest", "A batch is a multipart/mixed body.")
    parts = [_read_part(raw, outer) for raw in raw_parts(boundary_of(outer.headers["content-type"]), outer.body)]
    if not 1 <= len(parts) <= MOST_PARTS[api]:
        raise ApiError(400, "badRequest", f"The batch has {len(parts)} calls; 1 to {MOST_PARTS[api]} are allowed.")
    return parts


def _read_part(raw: bytes, outer: HttpRequest) -> Part:
    mime, inner = _halves(raw)
    content_id = _headers(mime).get("content-id", "")
    head, body = _halves(inner)
    line, *rest = head.splitlines() or [b""]
    words = line.decode("latin-1").split(" ")
    if len(words) < 2 or not words[1].startswith("/"):
        raise ApiError(400, "badRequest", "Failed to parse a part of the batch: its target is a path.")
    kept = {
        name: value
        for name, value in outer.headers.items()
        if not name.startswith("content-") and name not in NOT_FOR_PARTS
    }
    headers = kept | _headers(b"\n".join(rest))
    # Google's Python client asks for it in every part as well, and could not read it.
    headers.pop("accept-encoding", None)
    return Part(content_id, HttpRequest(words[0].upper(), words[1], headers=headers, body=body))


def _halves(raw: bytes) -> tuple[bytes, bytes]:
    """Return what stands before the first blank line and after it."""
    found = BLANK_LINE.search(raw)
    return (raw, b"") if found is None else (raw[: found.start()], raw[found.end() :])


def _headers(raw: bytes) -> dict[str, str]:
    pairs = (line.decode("latin-1").partition(":") for line in raw.splitlines() if b":" in line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _written(boundary: str, content_id: str, answer: Answer) -> bytes:
    """Write one answer; Google's Python client wants CRLF CRLF and the id's brackets and spaces as sent."""
    response_id = content_id.replace("<", "<response-", 1) if content_id.startswith("<") else f"response-{content_id}"
    inner = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
    inner += [f"{name}: {value}" for name, value in answer.headers if name != "Server"]
    inner.append(f"Content-Length: {len(answer.body)}")
    outer = [f"--{boundary}", "Content-Type: application/http"]
    outer += [f"Content-ID: {response_id}"] if content_id else []
    return "\r\n".join([*outer, "", *inner, "", ""]).encode() + answer.body + b"\r\n"
