"""
Uploads: taking a JSON part and a media part out of one request.

The styles are Google's: `media` (the body is the mail), `multipart` (JSON and mail in one
multipart/related body). Google's Python client writes its parts with bare line feeds, so both line
ends are read.
"""

from __future__ import annotations

import re
from email.message import Message

from mailgrant.sandbox.frame.discovery import ApiMethod
from mailgrant.sandbox.frame.validate import unreadable
from mailgrant.sandbox.frame.wire import ApiError, HttpRequest, Media

# Gmail refuses JSON bodies far below the size of its upload endpoints: a mail of some 5 MB.
MAX_JSON = 7 * 1024 * 1024
BLANK_LINE = re.compile(rb"\r?\n\r?\n")


def read_upload(method: ApiMethod, request: HttpRequest) -> tuple[bytes, Media]:
    """Return the JSON (empty if none) and the media of an upload; raises `ApiError`."""
    if len(request.body) > method.max_upload:
        raise too_large(method.max_upload)
    if request.media_type.startswith("multipart/"):
        content, media = _read_multipart(request)
    else:
        content, media = b"", Media(request.media_type, request.body)
    if not _accepts(method, media.content_type):
        raise unreadable(f"Media type '{media.content_type}' is not supported. Valid media types: [message/*]", "")
    return content, media


def too_large(limit: int) -> ApiError:
    """Return the refusal of a body above a limit."""
    return ApiError(413, "uploadTooLarge", f"Request payload size exceeds the limit: {limit} bytes.")


def _accepts(method: ApiMethod, content_type: str) -> bool:
    kinds = (accepted.removesuffix("*") for accepted in method.accepts)
    return any(content_type.startswith(kind) for kind in kinds)


def _read_multipart(request: HttpRequest) -> tuple[bytes, Media]:
    boundary = boundary_of(request.headers["content-type"])
    parts = [_split_part(raw) for raw in raw_parts(boundary, request.body)]
    if len(parts) != 2:
        raise unreadable(f"A multipart upload has two parts, the JSON and the media; this one has {len(parts)}.", "")
    (_, content), (content_type, media) = parts
    return content, Media(content_type, media)


def boundary_of(content_type: str) -> str:
    """Return the boundary that a multipart Content-Type names; raises `ApiError` if it names none."""
    header = Message()
    header["Content-Type"] = content_type
    boundary = header.get_param("boundary")
    if not isinstance(boundary, str) or not boundary:
        raise unreadable("Missing boundary in the Content-Type of a multipart body.", "")
    return boundary


def raw_parts(boundary: str, body: bytes) -> list[bytes]:
    """Return what stands between the boundaries, up to the closing one; either line end will do."""
    delimiter = re.compile(rb"(?:^|\r?\n)--" + re.escape(boundary.encode()) + rb"(--)?[ \t]*(?:\r?\n|$)")
    parts: list[bytes] = []
    start: int | None = None
    for found in delimiter.finditer(body):
        if start is not None:
            parts.append(body[start : found.start()])
        if found.group(1):
            break
        start = found.end()
    return parts


def _split_part(raw: bytes) -> tuple[str, bytes]:
    if raw.startswith((b"\n", b"\r\n")):
        return "application/octet-stream", raw.lstrip(b"\r\n")
    pieces = BLANK_LINE.split(raw, maxsplit=1)
    content = pieces[1] if len(pieces) == 2 else b""
    for line in pieces[0].splitlines():
        name, _, value = line.decode("latin-1").partition(":")
        if name.strip().lower() == "content-type":
            return value.partition(";")[0].strip().lower(), content
    return "application/octet-stream", content
