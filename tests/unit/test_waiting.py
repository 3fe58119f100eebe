"""Who wants no more results does not wait for those that wait themselves."""

from __future__ import annotations

import time
from datetime import timedelta

from mailgrant._sync.waiting import in_order, sleep

LONG = timedelta(seconds=30)


def sleepy(number: int) -> int:
    """Do the first at once, and sleep before all others."""
    if number:
        sleep(LONG)
    return number


def test_what_sleeps_is_called_off_when_nobody_wants_more() -> None:
    begun = time.monotonic()
    results = in_order(sleepy, iter(range(8)), width=4)

    assert next(results) == 0
    results.close()  # type: ignore[attr-defined]

    assert time.monotonic() - begun < LONG.total_seconds() / 3


def test_sleeping_outside_of_such_work_is_sleeping() -> None:
    begun = time.monotonic()

    sleep(timedelta(seconds=0.02))

    assert time.monotonic() - begun >= 0.02
