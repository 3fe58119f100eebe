"""
The head of a file that goes with a mail: its type, its name, how it is shown.

Written by our own hand: the standard library cuts a long name into pieces that few programs put
together again (RFC 2231 §3), and encodes a long content id, which no image is found by.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote

from .attachment import UNKNOWN_TYPE
from .header_text import encode

if TYPE_CHECKING:
    from .attachment import Attachment

# What may stand in an extended parameter as it is (RFC 5987 §3.2.1).
PLAIN_IN_NAMES = "!#$&+^`|"
# As many characters of a name as fit into one line; a longer one is cut after all.
LONGEST_PLAIN = 200
LONGEST_WHOLE = 900
PIECES = re.compile(r"(?:%..|[^%]){1,60}")


def part_head(attachment: Attachment, *, disposition: str) -> Iterator[tuple[str, str]]:
    """Yield the header fields of the part that carries `attachment` in base64, each value as it travels."""
    content_type = attachment.content_type.lower()
    if content_type.startswith(("message/", "multipart/")):
        # These may not be in base64 (RFC 2046 §5), and any other encoding would change the file.
        content_type = UNKNOWN_TYPE
    name = attachment.name
    yield "Content-Type", f"{content_type}{_for_old_readers(name)}"
    yield "Content-Transfer-Encoding", "base64"
    yield "Content-Disposition", f"{disposition}{_file_name(name)}"
    if attachment.content_id:
        yield "Content-ID", f"<{attachment.content_id}>"


def _file_name(name: str) -> str:
    """The name as the standard has it: RFC 2231, where it is not plain."""
    if not name:
        return ""
    if _is_plain(name):
        return f";\r\n filename={_quoted(name)}"
    value = f"utf-8''{quote(name, safe=PLAIN_IN_NAMES)}"
    if len(value) <= LONGEST_WHOLE:
        return f";\r\n filename*={value}"
    return "".join(f";\r\n filename*{number}*={piece}" for number, piece in enumerate(PIECES.findall(value)))


def _for_old_readers(name: str) -> str:
    """The name once more, as programs wrote it before there was RFC 2231, and as many still read it."""
    if not name:
        return ""
    if _is_plain(name):
        return f";\r\n name={_quoted(name)}"
    words = encode(name).replace(" ", "\r\n ")
    return f';\r\n name="{words}"'


def _is_plain(name: str) -> bool:
    return name.isascii() and "=?" not in name and len(name) <= LONGEST_PLAIN


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", r"\\").replace('"', r"\"") + '"'
