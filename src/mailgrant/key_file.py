"""
Key files: read and written for their owner alone, whole or not at all.

A link to a key file is followed, because container platforms hand out secrets so; what counts is
whose the file at its end is, and who else may read it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mailgrant.errors import VaultError, VaultLocked
from mailgrant.secret import Secret
from mailgrant.storage.files import make_private_folder

MOST_KEY_BYTES = 4096


def read_private(path: Path) -> str:
    """Read a key file; raises VaultLocked when it is not there, not ours, readable by others, or no file."""
    try:
        # Without waiting: a pipe in its place would keep us for ever.
        with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
            _check_private(path, os.fstat(file.fileno()))
            text = file.read(MOST_KEY_BYTES + 1)
    except FileNotFoundError as error:
        raise VaultLocked(f"The vault is locked: its key file {path} is not there.") from error
    except OSError as error:
        raise VaultLocked(f"The key file {path} cannot be read: {error.strerror}.") from error
    if len(text) > MOST_KEY_BYTES:
        raise VaultLocked(f"The key file {path} is too long for a key file.")
    return text.decode("ascii", errors="replace")


def write_private(path: Path, secret: Secret) -> None:
    """Write a key file 0600 in a folder 0700, whole or not at all; an existing one is never replaced."""
    try:
        make_private_folder(path.parent)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(secret.reveal() + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            path.unlink()
            raise
    except OSError as error:
        raise _unwritable(path, error) from error


def replace_private(path: Path, secret: Secret) -> None:
    """Put another content in place of a key file's, in one step: whoever reads it finds the old or the new."""
    beside = path.with_name(path.name + ".new")
    try:
        # Left by one who was stopped before he could put it in place; nothing was sealed with it.
        beside.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(beside, error) from error
    write_private(beside, secret)
    try:
        beside.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise _unwritable(path, error) from error


def remove(path: Path) -> None:
    """Delete a key file, if it is there, and wait until the disk knows."""
    try:
        path.unlink()
        sync_folder(path.parent)
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unwritable(path, error) from error


def sync_folder(folder: Path) -> None:
    """Wait until the disk knows what a folder holds: a rename is kept for certain only then."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Let one process at a time in, by a lock on the file at `path`; it ends with the process that holds it."""
    try:
        make_private_folder(path.parent)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        _lock(descriptor, path)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: Path) -> None:
    try:
        import fcntl
    except ImportError:
        raise VaultError("A key is rotated only where files can be locked, which this system cannot.") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise VaultError(
            "Somebody else is rotating this vault's key.", hint=f"Wait until they are done ({path} is locked)."
        ) from error


def _unwritable(path: Path, error: OSError) -> VaultError:
    return VaultError(f"The key file {path} cannot be written: {error.strerror}.", hint="Check who may write there.")


def _check_private(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise VaultLocked(f"The key file {path} is not a file.")
    if not hasattr(os, "geteuid"):
        return
    # Root's is as good as ours, since root could read ours: container secrets belong to root.
    if status.st_uid not in (os.geteuid(), 0):
        raise VaultLocked(f"The key file {path} belongs to somebody else.", hint="Use a key file of your own.")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise VaultLocked(f"The key file {path} can be read by others.", hint=f"Run: chmod 600 {path}")
