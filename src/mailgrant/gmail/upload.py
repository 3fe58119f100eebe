"""The request that carries a mail to Gmail: as JSON, or by the upload address when it is large."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Mapping
from typing import Any

from mailgrant.http import Request, with_query

from .resource import GMAIL, UPLOAD

# As JSON a mail grows by a third, and Gmail answers 413 from about 5 MB on; above this it goes by
# the upload address, which takes 35 MiB.
LARGEST_IN_JSON = 3_000_000


def carry(
    method: str,
    path: str,
    raw: bytes,
    *,
    operation: str,
    thread_id: str | None = None,
    label_ids: Collection[str] = (),
    as_draft: bool = False,
    parameters: Mapping[str, str] | None = None,
) -> Request:
    """Build the request that hands over the mail `raw`; a draft has its message one level deeper."""
    message: dict[str, Any] = {"threadId": thread_id} if thread_id else {}
    if label_ids:
        message["labelIds"] = sorted(label_ids)
    if len(raw) <= LARGEST_IN_JSON:
        message["raw"] = base64.urlsafe_b64encode(raw).decode()
        value = {"message": message} if as_draft else message
        return Request.json(method, with_query(f"{GMAIL}/{path}", parameters or {}), operation=operation, value=value)
    content_type, body = _multipart(json.dumps({"message": message} if as_draft else message).encode(), raw)
    url = with_query(f"{UPLOAD}/{path}", {"uploadType": "multipart", **(parameters or {})})
    return Request(method, url, operation=operation, headers={"Content-Type": content_type}, body=body)


def _multipart(metadata: bytes, raw: bytes) -> tuple[str, bytes]:
    """Put the metadata and the mail into one multipart/related body (RFC 2387)."""
    from hashlib import sha256

    # A mail cannot hold its own digest, so the boundary does not occur in it.
    boundary = f"mailgrant-{sha256(raw).hexdigest()}".encode()
    body = b"\r\n".join(
        (
            b"--" + boundary,
            b"Content-Type: application/json; charset=UTF-8",
            b"",
            metadata,
            b"--" + boundary,
            b"Content-Type: message/rfc822",
            b"",
            raw,
            b"--" + boundary + b"--",
            b"",
        )
    )
    return f"multipart/related; boundary={boundary.decode()}", body
