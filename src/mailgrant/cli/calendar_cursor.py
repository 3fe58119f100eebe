"""Where a command keeps how far it has come with the changes of a calendar."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from mailgrant.errors import SettingsError

# How every cursor of a calendar begins, and no file that anybody would keep one in.
CURSOR = "calendar1:"


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A cursor, and the file it is kept in, if it is in one."""

    cursor: str | None = None
    file: Path | None = None

    @classmethod
    def of(cls, since: str | None) -> Bookmark:
        """Read what --since says: a cursor, or a file that holds one, or will."""
        if since is None or since.startswith(CURSOR):
            return cls(since)
        path = Path(since)
        try:
            kept = path.read_text(encoding="utf-8").strip() if path.exists() else ""
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not text"
            raise SettingsError(f"{path} cannot be read: {why}.") from error
        if kept and not kept.startswith(CURSOR):
            raise SettingsError(f"{path} holds no cursor of a calendar.", hint="Name a new file, or the cursor itself.")
        return cls(kept or None, path)

    def store(self, cursor: str) -> None:
        """Keep a cursor in the file, after all that came before it was written out; raises SettingsError."""
        if self.file is None:
            return
        sys.stdout.flush()
        beside = self.file.with_name(f".{self.file.name}.{os.getpid()}")
        try:
            beside.write_text(cursor + "\n", encoding="utf-8")
            beside.replace(self.file)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise SettingsError(
                f"The cursor cannot be kept in {self.file}: {error.strerror}.",
                hint="What was printed comes again next time.",
            ) from error
