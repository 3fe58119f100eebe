"""Files that nobody else may read: made 0600 in folders 0700, whatever the umask says."""

from __future__ import annotations

import os
from pathlib import Path


def make_private_folder(folder: Path) -> None:
    """Make `folder` and what is missing above it, each for us alone; what is there already stays as it is."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        # `mkdir(parents=True)` would give the folders between the umask's mode.
        path.mkdir(mode=0o700, exist_ok=True)


def touch_private(path: Path) -> None:
    """
    Make the file for us alone if it is not there; one that is there stays as it is.

    Raises OSError when it cannot be made, or cannot be written.
    """
    make_private_folder(path.parent)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        os.close(os.open(path, os.O_RDWR))
