"""A process counts its own requests one by one, and tells the others no less than they must know."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mailgrant._async.pacing import SLICE, OpenBlock
from mailgrant.vault.budget import WINDOW, Block, Ledger

START = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
LIMIT = 100


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def block_of(units: int, *answered: tuple[float, int]) -> OpenBlock:
    """A block of which so many units were answered at these seconds."""
    block = Block("one", units=units, reserved_at=START, held_until=START + WINDOW)
    opened = OpenBlock(block, left=units - sum(each for _, each in answered))
    for seconds, each in answered:
        opened.under_way.append(each)
        opened.take_answer(after(seconds))
    return opened


def test_units_are_free_a_minute_after_their_own_answer() -> None:
    opened = block_of(100, (0.0, 40), (5.0, 60))
    at = after(60.05) + SLICE
    ledger = Ledger((opened.known(at, current=False),))
    finer = {"one": opened.slices(at, current=False)}

    assert ledger.room(LIMIT) == 0
    assert ledger.room(LIMIT, finer) == 40
    assert ledger.wait_for(40, LIMIT, at, finer) == timedelta(0)
    assert timedelta(seconds=4) < ledger.wait_for(41, LIMIT, at, finer) < timedelta(seconds=5.1)


def test_no_unit_is_free_before_its_minute_is_over() -> None:
    opened = block_of(100, (0.0, 100))

    assert sum(each.units for each in opened.slices(after(59.99), current=False)) == 100


def test_what_is_under_way_is_held_whatever_the_time() -> None:
    opened = block_of(100, (0.0, 40))
    opened.under_way.append(60)

    assert sum(each.units for each in opened.slices(after(300), current=False)) == 60


def test_a_block_taken_over_keeps_the_times_of_its_answers() -> None:
    first, second = block_of(40, (0.0, 40)), block_of(60, (0.2, 60))

    first.take_over(second)
    block_of(10, (0.0, 10)).take_over(second)
    first.take_over(second)

    assert first.known(after(1), current=False).units == 100
    assert second.known(after(1), current=False).units == 0
    assert [each.units for each in first.slices(after(60.15), current=False)] == [60]
