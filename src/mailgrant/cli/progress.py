"""How far a long command is, for a person who waits at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_shown() -> Iterator[Callable[[str], None]]:
    """Give what says how far the work is, on one line of stderr that goes away; a file or a pipe is not told."""
    if not sys.stderr.isatty():
        yield lambda line: None
        return
    try:
        yield show
    finally:
        sys.stderr.write("\r\033[K")


def show(line: str) -> None:
    """Write a line over the one that stands there, which must not be longer."""
    sys.stderr.write(f"\rmailgrant: {line} …")
    sys.stderr.flush()
