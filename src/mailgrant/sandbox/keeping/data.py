"""
Data: the folder that `--data` names, for one sandbox at a time.

`format.json` says which version of the format lies beside it, and is read before anything is touched.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from mailgrant.errors import MailgrantError
from mailgrant.sandbox.keeping.archive import Archive
from mailgrant.sandbox.keeping.keeper import Keeper

if TYPE_CHECKING:
    from mailgrant.sandbox.sandbox import Sandbox

VERSION = 1
FORMAT = "format.json"
STATE = "state.db"
ANSWERS = "answers"
LOCK = "lock"


@contextlib.contextmanager
def keeping(sandbox: Sandbox, folder: Path, *, now: datetime | None = None) -> Iterator[None]:
    """
    Keep a sandbox in a folder for as long as the context lasts; what lies there already is restored first.

    `now` is where a restored clock is set to, if it is not to go on. Raises `MailgrantError` if the folder
    is another sandbox's, of a newer version, or broken.
    """
    with _locked(folder):
        _check_version(folder)
        archive = _opened(folder)
        try:
            keeper = Keeper(sandbox, archive)
            if _restored(keeper, folder) and now is not None:
                sandbox.clock.set(now)
            keeper.start()
            try:
                yield
            finally:
                _stop(keeper, folder)
        finally:
            archive.close()


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder; the lock dies with the process, however that ends."""
    import fcntl

    with _private(folder / LOCK) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise MailgrantError(
                f"The sandbox data in {folder} is in use by another process.",
                hint="Stop the sandbox that uses it, or name another folder with --data.",
            ) from error
        yield


def _private(path: Path) -> TextIO:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")


def _check_version(folder: Path) -> None:
    """Refuse a folder that is not ours to write; a new one is marked as ours."""
    path = folder / FORMAT
    if not path.exists():
        if (folder / STATE).exists():
            raise _broken(path, "it is missing")
        beside = folder / f".{FORMAT}.{os.getpid()}"
        with _private(beside) as file:
            json.dump({"format": "mailgrant sandbox", "version": VERSION}, file)
        beside.replace(path)
        return
    try:
        version = int(json.loads(path.read_text())["version"])
    except (ValueError, KeyError, TypeError) as error:
        raise _broken(path, "it does not say a version") from error
    if version > VERSION:
        raise MailgrantError(
            f"The sandbox data in {folder} is of version {version}; this mailgrant knows {VERSION}.",
            hint="Use the newer mailgrant that wrote it, or name another folder with --data. Nothing was changed.",
        )


def _opened(folder: Path) -> Archive:
    try:
        return Archive(folder / STATE, folder / ANSWERS)
    except sqlite3.DatabaseError as error:
        raise _broken(folder / STATE, str(error)) from error


def _restored(keeper: Keeper, folder: Path) -> bool:
    try:
        return keeper.restore()
    except (ValueError, TypeError, LookupError, OverflowError, sqlite3.DatabaseError) as error:
        raise _broken(folder / STATE, str(error)) from error


def _stop(keeper: Keeper, folder: Path) -> None:
    try:
        keeper.stop()
    except (OSError, sqlite3.Error) as error:
        raise MailgrantError(
            f"The last changes could not be written to {folder}: {error}.",
            hint="Make room on the disk; what was written before is whole.",
        ) from error


def _broken(path: Path, why: str) -> MailgrantError:
    return MailgrantError(
        f"The sandbox data is broken: {path}: {why}.",
        hint="Put a copy back, or name another folder with --data.",
    )
