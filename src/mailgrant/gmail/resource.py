"""Where Gmail's resources are, and the JSON in its answers."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from mailgrant.errors import InvalidRequest
from mailgrant.http import Response

GMAIL = "https://gmail.googleapis.com/gmail/v1/users/me"
UPLOAD = "https://gmail.googleapis.com/upload/gmail/v1/users/me"
BATCH = "https://gmail.googleapis.com/batch/gmail/v1"


def address(*segments: str) -> str:
    """Return the address of a resource of this mailbox; what leads through an id is quoted."""
    return "/".join((GMAIL, *map(segment, segments)))


def segment(text: Any) -> str:
    """Return an id as part of an address; raises InvalidRequest for one that would lead to another address."""
    if not isinstance(text, str) or not text.strip("."):
        raise InvalidRequest(f"{text!r} is not an id of Gmail's.")
    # Gmail's own ids are of letters and digits.
    return text if text.isalnum() and text.isascii() else quote(text, safe="", errors="replace")


def json_of(response: Response) -> dict[str, Any]:
    """Return an answer's object; some answers have no body at all (204), which says as much as an empty one."""
    return response.json() if response.body.strip() else {}
