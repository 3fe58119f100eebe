"""Files that a person hands to us: client secrets, keys, tokens of other tools, attachments."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from mailgrant.errors import InvalidRequest, SettingsError

# Far more than any of them has; what is longer is something else, and is not read.
LARGEST = 1 << 20
PIECE = 57 * 2048


class AttachedFile:
    """
    A file that travels with a mail or is one (`what`), read piece by piece.

    It must stay what it was when it was opened first: raises InvalidRequest, before the mail is
    whole, when it grew, shrank or was written to meanwhile, and SettingsError when it cannot be read.
    """

    def __init__(self, path: Path, *, what: str = "attachment") -> None:
        self.path = path
        self._what = what
        with self._open() as file:
            self._stamp = stamp(file)

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return self._stamp[0]

    def read_from(self, offset: int) -> Iterator[bytes]:
        """Yield the bytes from `offset` on."""
        with self._open() as file:
            self._check(file)
            file.seek(offset)
            left = self.size - offset
            while left:
                piece = file.read(min(PIECE, left))
                left -= len(piece)
                if not piece:
                    raise self._changed()
                yield piece
            self._check(file)

    def _open(self) -> IO[bytes]:
        try:
            if self.path.exists() and not self.path.is_file():
                raise SettingsError(f"The {self._what} {self.path} is not a file.", hint="Nothing was sent.")
            return self.path.open("rb")
        except OSError as error:
            raise SettingsError(
                f"The {self._what} {self.path} cannot be read: {error.strerror}.",
                hint="Nothing was sent. Check the path.",
            ) from error

    def _check(self, file: IO[bytes]) -> None:
        if stamp(file) != self._stamp:
            raise self._changed()

    def _changed(self) -> InvalidRequest:
        return InvalidRequest(
            f"The {self._what} {self.path} changed while it was being sent.",
            hint="Nothing was sent. Send it when nobody writes to it any more.",
        )


def stamp(file: IO[bytes]) -> tuple[int, int]:
    """Return what changes when somebody writes to a file."""
    found = os.fstat(file.fileno())
    return found.st_size, found.st_mtime_ns


def read_given(path: Path, *, hint: str = "Check the path.", largest: int | None = LARGEST) -> bytes:
    """Read the file; raises SettingsError when it is not there, not a file, not ours to read, or huge."""
    try:
        # Opened without waiting: a pipe with nobody at its other end would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.", hint=hint) from error
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise SettingsError(f"{path} is {'a folder' if stat.S_ISDIR(mode) else 'not a file'}.", hint=hint)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read() if largest is None else file.read(largest + 1)
    finally:
        os.close(descriptor)
    if largest is not None and len(content) > largest:
        raise SettingsError(f"{path} is too large to be what it should be.", hint=hint)
    return content


def is_open_to_others(path: Path) -> bool:
    """Tell whether somebody else on this machine may read the file; where nobody can say, it is not."""
    return hasattr(os, "getuid") and bool(path.stat().st_mode & 0o077)


def write_secret(path: Path, text: str) -> None:
    """
    Write a new file that its owner alone may read, whole or not at all.

    Raises SettingsError when there is one already, a link to nowhere too, or it cannot be written.
    """
    if path.is_dir():
        raise SettingsError(f"{path} is a folder.", hint="Name a new file.")
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(descriptor)
            # A link, unlike a rename, takes the place of nothing.
            os.link(draft, path)
        finally:
            draft.unlink()
    except FileExistsError:
        raise SettingsError(f"{path} is there already, and is not overwritten.", hint="Name a new file.") from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}.", hint="Nothing was left there.") from error
