"""SavedFile: a file that is written while its content comes, and is there only when it is whole."""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import TracebackType
from typing import IO

from mailgrant.errors import SettingsError


class SavedFile:
    """
    A new file in a folder, under the first free of `name`, `name (2)`, `name (3)` …

    Nothing that is there is overwritten. Left by an error, it is taken away again. Raises
    SettingsError when it cannot be written.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.path, self._file = new_file(folder, name)

    def begin(self) -> None:
        """Forget what was written."""
        self._file.seek(0)
        self._file.truncate()

    def write(self, piece: bytes) -> None:
        """Add a piece; raises SettingsError when there is no room for it."""
        try:
            self._file.write(piece)
        except OSError as error:
            raise SettingsError(f"{self.path} cannot be written: {error.strerror}.") from error

    def __enter__(self) -> SavedFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.close()
        except OSError as full:
            kind = kind or type(full)
            if error is None:
                raise SettingsError(f"{self.path} cannot be written: {full.strerror}.") from full
        finally:
            if kind is not None:
                with contextlib.suppress(OSError):
                    self.path.unlink()


def new_file(folder: Path, name: str) -> tuple[Path, IO[bytes]]:
    """Make a file that was not there, and return where it is."""
    stem, suffix = Path(name).stem, Path(name).suffix
    for number in range(1, 10_000):
        path = folder / (name if number == 1 else f"{stem} ({number}){suffix}")
        try:
            return path, path.open("xb")
        except FileExistsError:
            continue
        except OSError as error:
            raise SettingsError(f"{path} cannot be written: {error.strerror}.") from error
    raise SettingsError(f"{folder} holds ten thousand files called {name} already.")
