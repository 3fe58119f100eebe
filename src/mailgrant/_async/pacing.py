"""
Pacing: as fast as Google allows, and no faster.

A pacer lets a request go when the account's budget has room for it and few enough are under way. It
reserves units in blocks from the ledger that everybody who sends for this account shares.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from mailgrant.calendar.quota import REQUESTS_PER_MINUTE, cost_of_request
from mailgrant.errors import GrantChanged
from mailgrant.vault.budget import FRESH, WINDOW, Block, Ledger

from .waiting import AsyncLock, AsyncPlaces, in_thread, sleep

if TYPE_CHECKING:
    from mailgrant.gmail.quota import QuotaProfile
    from mailgrant.http import Request
    from mailgrant.vault.budget import Budgets

# While it waits, a pacer looks this often whether somebody has given units back.
LOOK_UP = timedelta(seconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Blocks that ended within as many seconds of each other are counted as one.
FOLDED = 0.25
# Answers that came within this long of each other are counted together.
SLICE = timedelta(seconds=0.1)
# A block is at most what a second allows.
BLOCKS_PER_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Cost:
    """What an account has used of its budget, in units, and what is left of the minute's."""

    used: int
    left: int = field(kw_only=True)
    per_minute: int = field(kw_only=True)


@dataclass(slots=True)
class OpenBlock:
    """
    A block of this process: what is left of it, and its requests under way.

    These are kept in a deque, to which any thread may add and from which any may take. `answers` has
    the units that were answered by a moment, so that they are free again one after another.
    """

    block: Block
    left: int
    under_way: deque[int] = field(default_factory=deque)
    answered_at: datetime | None = None
    answers: dict[datetime, int] = field(default_factory=dict)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def take_answer(self, at: datetime) -> None:
        """Note that one of the requests under way is over."""
        by = EPOCH + SLICE * ((at - EPOCH) // SLICE + 1)
        with self.turn:
            self.answered_at = at
            self.answers[by] = self.answers.get(by, 0) + self.under_way.pop()

    def take_over(self, other: OpenBlock) -> None:
        """Count what another block that is over has used as this one's, and nothing as the other's."""
        used = other.block.units - other.left
        self.block = replace(self.block, units=self.block.units + used)
        self.answered_at = max(each.answered_at or EPOCH for each in (self, other))
        for by, units in other.answers.items():
            self.answers[by] = self.answers.get(by, 0) + units
        other.left = other.block.units
        # It may meet others again, and must not hand the same answers over twice.
        other.answers.clear()

    @property
    def is_over(self) -> bool:
        """True when nothing of it is under way any more."""
        return not self.under_way and self.answered_at is not None

    def known(self, now: datetime, *, current: bool) -> Block:
        """Return the block as the others should count it: what was used, until a minute after the last answer."""
        used = self.block.units if current else self.block.units - self.left
        if self.under_way:
            return replace(self.block, units=used, held_until=now + WINDOW + FRESH)
        if self.answered_at is None:
            return replace(self.block, units=used)
        return replace(self.block, units=used, held_until=self.answered_at + WINDOW)

    def slices(self, now: datetime, *, current: bool) -> tuple[Block, ...]:
        """Return the block as we count it ourselves: each answer's units for a minute of their own."""
        with self.turn:
            answers, rest = dict(self.answers), sum(self.under_way)
        if current:
            rest += self.left
        held = (replace(self.block, units=units, held_until=by + WINDOW) for by, units in answers.items())
        unanswered = replace(self.block, units=rest, held_until=now + WINDOW + FRESH)
        return (*(each for each in held if each.held_until > now), *((unanswered,) if rest else ()))


class AsyncPacer:
    """
    The pace of one account at one API.

    `key` names its ledger, `per_minute` is what Google allows it in a minute, 0 for a sandbox that
    does not count, `in_flight` how many requests may be under way at once.
    """

    def __init__(
        self, budgets: Budgets, key: str, *, per_minute: int, in_flight: int, entropy: Callable[[int], bytes]
    ) -> None:
        self._budgets = budgets
        self._key = key
        self._per_minute = per_minute
        self._entropy = entropy
        self._places = AsyncPlaces(in_flight)
        self._turn = AsyncLock()
        self._open: dict[str, OpenBlock] = {}
        self._current: OpenBlock | None = None

    async def admit(self, units: int, calls: int = 1) -> OpenBlock | None:
        """
        Wait until a request of `units` may leave; hand what is returned to `answered`.

        A batch is under way as often as it has `calls`: Google carries them out at the same time.
        """
        await self._places.take(calls)
        if not self._per_minute:
            return None
        try:
            async with self._turn:
                block = self._current
                if block is None or block.left < units or now() > block.block.reserved_at + FRESH:
                    block = await self._reserve(units)
                block.left -= units
                block.under_way.append(units)
                return block
        except BaseException:
            self._places.give_back(calls)
            raise

    def answered(self, block: OpenBlock | None, calls: int = 1) -> None:
        """Note that an answer came, or never will: its units count for a minute from now."""
        if block is not None:
            block.take_answer(now())
        self._places.give_back(calls)

    async def tripped(self) -> None:
        """Go at an even, slower rate for some minutes: Google refused what we thought it would allow."""
        if not self._per_minute:
            return
        await self._rewrite(lambda ledger, at: replace(ledger, tripped_at=at))

    async def release(self) -> None:
        """Give back what was reserved and not used."""
        self._current = None
        if any(open_block.left for open_block in self._open.values()):
            await self._rewrite(lambda ledger, at: ledger)

    async def cost(self) -> Cost:
        """Return what is used and what is left of the minute's units."""
        at = now()
        ledger = (await in_thread(self._budgets.load, self._key)).told(self._known(at)).at(at)
        unspent = self._current.left if self._current is not None else 0
        used = max(ledger.held - unspent, 0)
        limit = ledger.limit(self._per_minute)
        return Cost(used, left=max(limit - used, 0), per_minute=self._per_minute)

    async def _reserve(self, units: int) -> OpenBlock:
        """Write a new block into the ledger, waiting until it has room."""
        self._current = None
        while True:
            ledger = await in_thread(self._budgets.load, self._key)
            at = now()
            self._fold()
            ledger = ledger.told(self._known(at)).at(at)
            finer = {name: each.slices(at, current=False) for name, each in self._open.items()}
            share = self._per_minute // BLOCKS_PER_MINUTE
            size = max(units, min(share, ledger.room(self._per_minute, finer)))
            wait = ledger.wait_for(size, self._per_minute, at, finer)
            if wait:
                await sleep(min(wait, LOOK_UP))
                continue
            block = Block(self._entropy(9).hex(), units=size, reserved_at=at, held_until=at + WINDOW + FRESH)
            try:
                await in_thread(self._budgets.keep, self._key, ledger.with_block(block))
            except GrantChanged:
                continue
            self._forget_old(at)
            self._current = self._open[block.id] = OpenBlock(block, left=size)
            return self._current

    async def _rewrite(self, change: Callable[[Ledger, datetime], Ledger]) -> None:
        while True:
            ledger = await in_thread(self._budgets.load, self._key)
            at = now()
            try:
                await in_thread(self._budgets.keep, self._key, change(ledger.told(self._known(at)).at(at), at))
            except GrantChanged:
                continue
            return

    def _known(self, at: datetime) -> dict[str, Block]:
        return {name: each.known(at, current=each is self._current) for name, each in self._open.items()}

    def _fold(self) -> None:
        """Make one of the blocks that ended at nearly the same time: the ledger is read more often than they end."""
        ended: dict[int, OpenBlock] = {}
        for each in self._open.values():
            if each.answered_at is None or not each.is_over or each is self._current:
                continue
            first = ended.setdefault(int(each.answered_at.timestamp() / FOLDED), each)
            if first is not each:
                first.take_over(each)

    def _forget_old(self, at: datetime) -> None:
        """Forget the blocks that count no more, in the ledger as it was just written."""
        for name, each in list(self._open.items()):
            if each.answered_at is None or not each.is_over or each is self._current:
                continue
            if each.left == each.block.units or each.answered_at + WINDOW < at:
                del self._open[name]


class AsyncPaces:
    """The paces of one account: Gmail's, in units, and Calendar's, in requests."""

    def __init__(
        self,
        budgets: Budgets,
        grant_id: str,
        *,
        profile: QuotaProfile,
        in_flight: int,
        entropy: Callable[[int], bytes],
    ) -> None:
        self._profile = profile
        self.gmail = AsyncPacer(
            budgets, f"{grant_id}.gmail", per_minute=profile.units_per_minute, in_flight=in_flight, entropy=entropy
        )
        self.calendar = AsyncPacer(
            budgets,
            f"{grant_id}.calendar",
            per_minute=REQUESTS_PER_MINUTE if profile.units_per_minute else 0,
            in_flight=in_flight,
            entropy=entropy,
        )

    def of(self, operation: str) -> tuple[AsyncPacer, int]:
        """Return the pacer of an API method, and what a call of it costs there."""
        if operation.startswith("calendar."):
            return self.calendar, cost_of_request(operation)
        return self.gmail, self._profile.cost(operation)

    def of_request(self, request: Request) -> tuple[AsyncPacer, int]:
        """Return the pacer of a request, and what it costs: a batch as much as the calls that it carries."""
        pacer, units = self.of(request.operation)
        return pacer, sum(self.of(each.operation)[1] for each in request.parts) if request.parts else units

    async def spent(self, operation: str) -> None:
        """Count a call that was made without waiting for its turn."""
        pacer, units = self.of(operation)
        pacer.answered(await pacer.admit(units))

    async def release(self) -> None:
        """Give back what was reserved and not used."""
        await self.gmail.release()
        await self.calendar.release()


def now() -> datetime:
    """Return the real time, in which Google counts."""
    return datetime.now(UTC)
