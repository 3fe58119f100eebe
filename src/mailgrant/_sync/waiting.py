"""
What it means to wait here: sleep, take turns, do blocking work, be called from blocking code.

The one file of the shell with a twin written by hand, `_async/waiting.py`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

Lock = threading.Lock


def sleep(duration: timedelta) -> None:
    """Let `duration` pass."""
    time.sleep(duration.total_seconds())


def in_thread(work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Do blocking work; here everything blocks, so it is simply done."""
    return work(*args, **kwargs)


def for_blocking_code(work: Callable[P, T]) -> Callable[P, T]:
    """Turn `work` into something that blocking code may call; here it already is."""
    return work
