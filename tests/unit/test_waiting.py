"""Who wants no more results does not wait for those that wait themselves."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from mailgrant._async import waiting
from mailgrant._sync.waiting import Places, in_order, sleep

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


def test_one_that_takes_long_does_not_keep_the_next_from_beginning() -> None:
    last_begun = threading.Event()

    def work(number: int) -> bool:
        if number == 3:
            last_begun.set()
        return number > 0 or last_begun.wait(5)

    assert list(in_order(work, iter(range(4)), width=2)) == [True] * 4


@pytest.mark.anyio
async def test_a_task_that_takes_long_does_not_keep_the_next_from_beginning() -> None:
    last_begun = asyncio.Event()

    async def work(number: int) -> int:
        if number == 3:
            last_begun.set()
        if number == 0:
            await asyncio.wait_for(last_begun.wait(), 5)
        return number

    assert [number async for number in waiting.in_order(work, numbers(4), width=2)] == [0, 1, 2, 3]


@pytest.mark.anyio
async def test_no_more_tasks_work_at_once_than_was_said() -> None:
    at_work: set[int] = set()
    most = 0

    async def work(number: int) -> None:
        nonlocal most
        at_work.add(number)
        most = max(most, len(at_work))
        await asyncio.sleep(0)
        at_work.discard(number)

    async for _ in waiting.in_order(work, numbers(20), width=3):
        pass

    assert most == 3


def test_who_wants_several_places_gets_them_all_at_once() -> None:
    places = Places(5)
    at_once: list[int] = []
    taken = 0
    turn = threading.Lock()

    def work(count: int) -> None:
        nonlocal taken
        for _ in range(50):
            places.take(count)
            with turn:
                taken += count
                at_once.append(taken)
            with turn:
                taken -= count
            places.give_back(count)

    threads = [threading.Thread(target=work, args=(count,), daemon=True) for count in (3, 3, 4, 5, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert not any(thread.is_alive() for thread in threads)
    assert len(at_once) == 250
    assert max(at_once) <= 5


@pytest.mark.anyio
async def test_who_is_called_off_gives_back_the_places_it_had() -> None:
    places = waiting.AsyncPlaces(3)
    await places.take(2)
    waits = asyncio.ensure_future(places.take(2))
    await asyncio.sleep(0)
    waits.cancel()
    await asyncio.gather(waits, return_exceptions=True)

    await asyncio.wait_for(places.take(1), 5)
    places.give_back(3)
    await asyncio.wait_for(places.take(3), 5)


async def numbers(count: int) -> AsyncIterator[int]:
    """Count."""
    for number in range(count):
        yield number
