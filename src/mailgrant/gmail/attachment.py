"""Attachment: a file that travels with a mail, before it is sent and after it came."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path, PurePath
from typing import TypeAlias
from urllib.parse import quote

from mailgrant.errors import InvalidRequest

from .header_text import UNPRINTABLE, refuse_unprintable

Place: TypeAlias = Path | tuple[str, str, str]

UNKNOWN_TYPE = "application/octet-stream"
CONTENT_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}")
CALENDAR_BEGINS = "BEGIN:VCALENDAR"
CONTENT_ID = re.compile(r"[\x21-\x3b\x3d\x3f-\x7e]{1,250}")

# The standard library's table reads files of the machine, and would answer differently on each.
CONTENT_TYPES = {
    ".pdf": "application/pdf",
    ".txt": "text/plain",
    ".md": "text/markdown",
    ".csv": "text/csv",
    ".html": "text/html",
    ".htm": "text/html",
    ".ics": "text/calendar",
    ".vcf": "text/vcard",
    ".eml": "message/rfc822",
    ".json": "application/json",
    ".xml": "application/xml",
    ".zip": "application/zip",
    ".gz": "application/gzip",
    ".tar": "application/x-tar",
    ".7z": "application/x-7z-compressed",
    ".doc": "application/msword",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xls": "application/vnd.ms-excel",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".ppt": "application/vnd.ms-powerpoint",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".odp": "application/vnd.oasis.opendocument.presentation",
    ".rtf": "application/rtf",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".heic": "image/heic",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".ogg": "audio/ogg",
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
}

# Neither POSIX nor Windows can have these in a name; the last ones are not seen, or turn the reading
# direction round, so that a program shows as a PDF.
UNSAFE_IN_NAMES = re.compile('[/\\\\:*?"<>|\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]')
DEVICE_NAMES = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    # Windows takes the three small raised digits for digits.
    | {f"{port}{number}" for port in ("com", "lpt") for number in "0123456789\u00b9\u00b2\u00b3"}
)
LONGEST_FILE_NAME = 200


@dataclass(frozen=True, slots=True)
class Attachment:
    """
    A file of a mail.

    One that is to be sent has `content`, or a `path` that is opened when the mail leaves. One that
    came has a `part_id` and usually no `content`: `gmail.attachment(message, attachment)` gets it.
    `attachment_id` is Gmail's, and changes from one reading to the next. `content_type` is guessed
    from the name unless given. `inline` with a `content_id` is an image that the HTML shows as
    `cid:…`.
    """

    name: str
    _: KW_ONLY
    content_type: str = ""
    size: int | None = None
    content: bytes | None = field(default=None, repr=False)
    path: Path | None = None
    part_id: str | None = None
    message_id: str | None = None
    attachment_id: str | None = field(default=None, repr=False)
    content_id: str | None = None
    inline: bool = False

    def __post_init__(self) -> None:
        refuse_unprintable(self.name, what="The name of an attachment")
        if not self.content_type:
            object.__setattr__(self, "content_type", guess_content_type(self.name))
        if not CONTENT_TYPE.fullmatch(self.content_type):
            raise InvalidRequest(
                f"The attachment {self.name!r} has a content type that is none: {self.content_type!r}.",
                hint="Write one like image/png, or leave it out.",
            )
        if self.content_id is not None and not CONTENT_ID.fullmatch(self.content_id):
            raise InvalidRequest(f"The attachment {self.name!r} has a content id that is none: {self.content_id!r}.")
        if self.content is not None:
            object.__setattr__(self, "size", len(self.content))

    @classmethod
    def collect(cls, given: Attachments) -> tuple[Attachment, ...]:
        """Take attachments as people give them: paths, Attachments, or a mapping of name to bytes."""
        if isinstance(given, Mapping):
            return tuple(_named(name, content) for name, content in given.items())
        if isinstance(given, Iterable) and not isinstance(given, str):
            return tuple(_attachment(item) for item in given)
        return (_attachment(given),)

    @property
    def place(self) -> Place | None:
        """Where the content is to be had: a path, or a message, its part and a name; None when it is here."""
        if self.content is not None:
            return None
        if self.path is not None:
            return self.path
        return None if self.message_id is None else (self.message_id, self.part_id or "", self.name)

    @property
    def invitation(self) -> str | None:
        """The iCalendar text, where this is a form of the mail (RFC 6047) that came as a file without a name."""
        if self.content_type.lower() != "text/calendar" or self.name or self.content is None:
            return None
        text = self.content.decode(errors="ignore")
        return text if text.lstrip().startswith(CALENDAR_BEGINS) else None

    def is_shown_in(self, html: str | None) -> bool:
        """Tell whether the HTML shows this file as `cid:…`, which some write escaped (RFC 2392)."""
        if not html or not self.content_id:
            return False
        return f"cid:{self.content_id}" in html or f"cid:{quote(self.content_id, safe='')}" in html

    @property
    def safe_name(self) -> str:
        """A file name that stays in its folder, on any system; never empty."""
        name = UNSAFE_IN_NAMES.sub("_", UNPRINTABLE.sub("_", self.name)).strip(" .")
        stem, dot, suffix = name.rpartition(".")
        if not dot:
            stem, suffix = name, ""
        if stem.split(".")[0].strip().casefold() in DEVICE_NAMES:
            stem = f"_{stem}"
        if not stem:
            stem, dot, suffix = "attachment", ".", guess_suffix(self.content_type)
        suffix = f".{suffix[:20]}" if suffix else ""
        room = LONGEST_FILE_NAME - len(suffix.encode())
        return stem.encode()[:room].decode(errors="ignore").rstrip(" .") + suffix


Attachments: TypeAlias = (
    str | Path | Attachment | Iterable[str | Path | Attachment] | Mapping[str, bytes | bytearray | memoryview | Path]
)


def guess_content_type(name: str) -> str:
    """Return the content type that the ending of a file's name stands for."""
    return CONTENT_TYPES.get(PurePath(name).suffix.lower(), UNKNOWN_TYPE)


def guess_suffix(content_type: str) -> str:
    """Return the ending, without its dot, of files of this type; empty when none is known."""
    return next((suffix[1:] for suffix, known in CONTENT_TYPES.items() if known == content_type.lower()), "")


def _attachment(given: object) -> Attachment:
    if isinstance(given, Attachment):
        return given
    if isinstance(given, str) and not given.strip():
        raise InvalidRequest("attachments: an empty path names no file.")
    if isinstance(given, (str, Path)):
        path = Path(given)
        return Attachment(path.name, path=path)
    raise InvalidRequest(
        f"attachments: {type(given).__name__} is not a path nor an Attachment.",
        hint='Bytes need a name: attachments={"minutes.pdf": content}.',
    )


def _named(name: str, given: object) -> Attachment:
    if isinstance(given, (bytes, bytearray, memoryview)):
        return Attachment(name, content=bytes(given))
    if isinstance(given, Path):
        return Attachment(name, path=given)
    raise InvalidRequest(
        f"attachments: {name!r} needs bytes or a Path, not {type(given).__name__}.",
        hint="Encode text first: text.encode().",
    )
