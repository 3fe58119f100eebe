"""
SealedFolder: sealed contents in files, up to so many bytes; what was used longest ago goes first.

Several processes share it. Who adds to it holds a lock on the file that counts its bytes; who only
reads holds none, because a file is put in its place whole.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from .files import make_private_folder

COUNT = "count"
# A file that is being written. Seen by one who holds the lock, it was left by one who was killed.
DRAFT = ".draft"
# So much of the bound is left free where something had to go, so that not every new content looks at all files.
ROOM_SHARE = 10
# After so many new contents the bytes are counted once more, whatever the count says.
RECOUNT_AFTER = 1_000
LOCK_TRIES, LOCK_PAUSE = 50, 0.02
# Who deletes a folder is not kept for ever by others at work in it.
DROP_TRIES = 5
# One content takes at most this share of it: a large one would throw out all the others.
LARGEST_SHARE = 4

CAN_LOCK = find_spec("fcntl") is not None

# A link is not followed, and a pipe in the place of a file keeps nobody waiting.
_UNLED = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@dataclass(slots=True)
class Count:
    """How many bytes there are, and how many contents were added since they were counted."""

    size: int
    added: int = 0

    def to_bytes(self) -> bytes:
        """Write it down."""
        return b"%d %d\n" % (self.size, self.added)

    @classmethod
    def from_bytes(cls, text: bytes) -> Count | None:
        """Read it; None for what is no count, or is due to be made anew."""
        words = text.split()
        if len(words) != 2 or not all(word.isdigit() and len(word) <= 18 for word in words):
            return None
        count = cls(*map(int, words))
        return count if count.added < RECOUNT_AFTER else None


class SealedFolder:
    """
    The files below `folder`, up to `most` bytes together.

    A file is named by its path in the folder. Raises OSError where nothing can be read or written, and
    where the folder is not ours alone.
    """

    def __init__(self, folder: Path, most: int) -> None:
        self.folder = folder
        self._most = most
        self._turn = threading.Lock()

    def get(self, path: str) -> bytes | None:
        """Return a file's content and remember that it was used, None when there is none."""
        if not self._is_there():
            return None
        try:
            descriptor = os.open(self.folder / path, os.O_RDONLY | _UNLED)
        except (FileNotFoundError, NotADirectoryError):
            return None
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return None
            os.utime(descriptor)
            return file.read(self._most + 1)

    def put(self, path: str, content: bytes) -> None:
        """
        Keep a file, and let go of those used longest ago where there is no room for it.

        Not where it would throw out many others, nor while other processes keep us waiting.
        """
        if not CAN_LOCK:
            raise OSError(errno.ENOTSUP, "this system cannot lock files")
        if len(content) > self._most // LARGEST_SHARE:
            return
        make_private_folder(self.folder)
        self._check()
        with self._turn, self._locked() as counter:
            if counter is None:
                return
            count = Count.from_bytes(os.pread(counter, 64, 0)) or self._counted()
            if count.size + len(content) > self._most:
                count = self._counted(leaving=self._most - self._most // ROOM_SHARE - len(content))
            # Counted first: one who is killed in between leaves a count that is too large, not too small.
            count.size += len(content)
            count.added += 1
            _write_all(counter, count.to_bytes())
            self._write(path, content)

    def discard(self, path: str) -> None:
        """Delete a file, if it is there."""
        (self.folder / path).unlink(missing_ok=True)

    def drop(self, path: str) -> None:
        """Delete a folder and all that is in it, if it is there."""
        if not self._is_there():
            return
        # Nobody adds anything meanwhile, unless they kept the lock too long.
        with self._turn, self._locked() as counter:
            if counter is not None:
                os.ftruncate(counter, 0)
            self._remove(self.folder / path)

    def folders(self) -> list[str]:
        """Return the names of the folders there are."""
        if not self._is_there():
            return []
        return [found.name for found in os.scandir(self.folder) if found.is_dir(follow_symlinks=False)]

    def _is_there(self) -> bool:
        try:
            self._check()
        except FileNotFoundError:
            return False
        return True

    def _check(self) -> None:
        """Raise PermissionError unless the folder is one, ours, and closed to others."""
        found = self.folder.lstat()
        ours = not hasattr(os, "geteuid") or (found.st_uid == os.geteuid() and not stat.S_IMODE(found.st_mode) & 0o077)
        if not stat.S_ISDIR(found.st_mode) or not ours:
            raise PermissionError(errno.EACCES, "it is not a folder of your own that is closed to others")

    @contextlib.contextmanager
    def _locked(self) -> Iterator[int | None]:
        """Give the file that counts, locked; None while another process keeps it too long."""
        counter = os.open(self.folder / COUNT, os.O_RDWR | os.O_CREAT | _UNLED, 0o600)
        try:
            yield counter if _lock(counter) else None
        finally:
            os.close(counter)

    def _counted(self, leaving: int | None = None) -> Count:
        """Count what there is; where `leaving` is given, let go of the oldest until no more than that is left."""
        found = sorted(self._files())
        size = sum(each.size for each in found)
        for each in found:
            if leaving is None or size <= leaving:
                break
            each.path.unlink(missing_ok=True)
            size -= each.size
        return Count(size)

    def _files(self) -> Iterator[_Used]:
        for folder, _, names in os.walk(self.folder):
            for name in names:
                path = Path(folder, name)
                if path == self.folder / COUNT:
                    continue
                if name.endswith(DRAFT):
                    path.unlink(missing_ok=True)
                    continue
                with contextlib.suppress(FileNotFoundError):
                    status = path.lstat()
                    yield _Used(status.st_mtime_ns, status.st_size, path)

    def _remove(self, place: Path) -> None:
        for left in reversed(range(DROP_TRIES)):
            try:
                shutil.rmtree(place)
            except OSError as error:
                if not place.is_symlink() and not place.exists():
                    return
                # Somebody else deleted a file before we did, or has just added one.
                if error.errno not in (errno.ENOENT, errno.ENOTEMPTY) or not left:
                    raise
            else:
                return

    def _write(self, path: str, content: bytes) -> None:
        place = self.folder / path
        draft = place.with_name(place.name + DRAFT)
        make_private_folder(place.parent)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _UNLED, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            # Not synced: what a loss of power leaves half written does not open, and is fetched again.
            draft.replace(place)
        except OSError:
            draft.unlink(missing_ok=True)
            raise


@dataclass(frozen=True, slots=True, order=True)
class _Used:
    """A file, and when it was used last."""

    at: int
    size: int
    path: Path


def _lock(descriptor: int) -> bool:
    """Lock a file for this process, trying for a second."""
    import fcntl

    for _ in range(LOCK_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(LOCK_PAUSE)
        else:
            return True
    return False


def _write_all(descriptor: int, text: bytes) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text, 0)
