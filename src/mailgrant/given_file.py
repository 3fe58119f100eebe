"""Files that a person hands to us: client secrets, keys, tokens of other tools."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from mailgrant.errors import SettingsError

# Far more than any of them has; what is longer is something else, and is not read.
LARGEST = 1 << 20


def read_given(path: Path, *, hint: str = "") -> bytes:
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
            content = file.read(LARGEST + 1)
    finally:
        os.close(descriptor)
    if len(content) > LARGEST:
        raise SettingsError(f"{path} is too large to be what it should be.", hint=hint)
    return content


def is_open_to_others(path: Path) -> bool:
    """Tell whether somebody else on this machine may read the file; where nobody can say, it is not."""
    return hasattr(os, "getuid") and bool(path.stat().st_mode & 0o077)
