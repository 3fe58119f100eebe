"""
The names under which attachments are fetched.

Gmail gives an attachment another id at every look, and an old one fails after a while. So ids are not
kept: each says which part it means, and when it was made.
"""

from __future__ import annotations

import base64
import binascii
import struct
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

LIFE = timedelta(days=1)
PREFIX = "ANGjdJ"
STAMP = struct.Struct(">QQ")
SEAL_SIZE = 16


def write(message_id: str, part_id: str, *, serial: int, now: datetime) -> str:
    """Return a new id for a part; `serial` makes it another one each time."""
    body = STAMP.pack(int(now.timestamp() * 1000), serial) + part_id.encode()
    return PREFIX + base64.urlsafe_b64encode(_seal(message_id, body) + body).decode().rstrip("=")


def read(attachment_id: str, message_id: str, *, now: datetime) -> str | None:
    """Return the part id an attachment id means; None when it is not of this message, or too old."""
    encoded = attachment_id.removeprefix(PREFIX)
    try:
        sealed = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    except (binascii.Error, ValueError):
        return None
    seal, body = sealed[:SEAL_SIZE], sealed[SEAL_SIZE:]
    if len(body) < STAMP.size or seal != _seal(message_id, body):
        return None
    made = datetime.fromtimestamp(STAMP.unpack_from(body)[0] / 1000, UTC)
    return body[STAMP.size :].decode() if now - made < LIFE else None


def _seal(message_id: str, body: bytes) -> bytes:
    return blake2b(message_id.encode() + b":" + body, digest_size=SEAL_SIZE).digest()
