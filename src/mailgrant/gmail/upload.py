"""The request that carries a mail to Gmail: as JSON, or by the upload address when it is large."""

from __future__ import annotations

import base64
import json

from mailgrant.http import Request

GMAIL = "https://gmail.googleapis.com/gmail/v1/users/me"
UPLOAD = "https://gmail.googleapis.com/upload/gmail/v1/users/me"

# As JSON a mail grows by a third, and Gmail answers 413 from about 5 MB on; above this it goes by
# the upload address, which takes 35 MiB.
LARGEST_IN_JSON = 3_000_000


def carry(
    method: str, path: str, raw: bytes, *, thread_id: str | None, operation: str, as_draft: bool = False
) -> Request:
    """Build the request that hands over the mail `raw`; a draft has its message one level deeper."""
    message = {"threadId": thread_id} if thread_id else {}
    if len(raw) <= LARGEST_IN_JSON:
        message["raw"] = base64.urlsafe_b64encode(raw).decode()
        value = {"message": message} if as_draft else message
        return Request.json(method, f"{GMAIL}/{path}", operation=operation, value=value)
    content_type, body = _multipart(json.dumps({"message": message} if as_draft else message).encode(), raw)
    url = f"{UPLOAD}/{path}?uploadType=multipart"
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
