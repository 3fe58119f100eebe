"""A mailgrant in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def running(words: list[str], folder: Path, **environ: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command in `folder`; it is ended with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mailgrant.cli", *words],
        cwd=folder,
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_interrupts,
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def hear_interrupts() -> None:
    """Undo what a shell does to a test run in the background: its children would never hear Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def line_with(stream: IO[str], *texts: str) -> str:
    """Read lines until one has all of `texts` in it."""
    for line in stream:
        if all(text in line for text in texts):
            return line
    raise AssertionError(f"the output ended before a line with {texts}")
