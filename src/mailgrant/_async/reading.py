"""
Reading: many messages, in order, as fast as the account's pace allows.

Several are fetched at once; where that costs less, whole conversations.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Protocol, TypeVar

from mailgrant.gmail import calls, storing
from mailgrant.gmail.errands import plan
from mailgrant.gmail.resource import BATCH
from mailgrant.keepsakes import Keepsakes
from mailgrant.listing import Page

from .waiting import in_order, in_thread

if TYPE_CHECKING:
    from mailgrant.content_cache import Shelf
    from mailgrant.gmail.attachment import Attachment
    from mailgrant.gmail.message import Message, MessageRef, Thread, ThreadRef
    from mailgrant.http import Call

    from .attempt_log import Current
    from .filing import Run

R = TypeVar("R", "MessageRef", "ThreadRef")
T = TypeVar("T")

# Told after each message or conversation: how many there have been, and how many Gmail has listed so far.
OnProgress = Callable[[int, int], None]


class ListPage(Protocol[R]):
    """Asks for one page of what Gmail lists."""

    def __call__(
        self, query: str, *, page_token: str | None, page_size: int, include_spam_trash: bool
    ) -> Call[Page[R]]:
        """Return the conversation that does."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be listed: a query, up to a limit; without `bodies` only the headers are read."""

    query: str
    limit: int | None
    spam_and_trash: bool
    bodies: bool = True

    def page_size(self, listed: int) -> int:
        """Return how many to ask for: a page costs the same however long it is."""
        left = calls.LARGEST_PAGE if self.limit is None else self.limit - listed
        return min(calls.LARGEST_PAGE, left)


class RunTogether(Protocol):
    """Carries out conversations of the account that begin with a read each, the first requests as one batch."""

    async def __call__(self, calls: Sequence[Call[T]], url: str) -> list[T]:
        """Return what they come to; `url` is where their API takes batches."""


class AsyncReading:
    """
    How many messages of one account are read.

    `in_flight` is how many calls are under way at once, `batch` how many of them one request carries.
    """

    def __init__(
        self, run: Run, run_together: RunTogether, *, in_flight: int, batch: int, shelf: Current[Shelf | None]
    ) -> None:
        self._run = run
        self._run_together = run_together
        self._batch = batch
        self._width = in_flight // batch
        self._shelf = shelf
        self._keepsakes = Keepsakes()

    async def messages(self, wanted: Wanted, on_progress: OnProgress | None = None) -> AsyncGenerator[Message]:
        """Yield the messages in the order in which Gmail lists them; one that vanishes meanwhile is passed over."""
        order: deque[str] = deque()
        done: dict[str, Message | None] = {}
        listed = read = 0

        async def errands() -> AsyncIterator[list[Call[dict[str, Message | None]]]]:
            nonlocal listed
            async for page in self._pages(wanted, calls.list_messages):
                listed += len(page)
                order.extend(each.id for each in page)
                for several in self._batches(errand.run(bodies=wanted.bodies) for errand in plan(page)):
                    yield several

        async with aclosing(in_order(self._carry_out, errands(), width=self._width)) as results:
            async for found in results:
                for each in found:
                    done.update(each)
                while order and order[0] in done:
                    message = done.pop(order.popleft())
                    if message is not None:
                        read += 1
                        if on_progress is not None:
                            on_progress(read, listed)
                        yield message

    async def threads(self, wanted: Wanted, on_progress: OnProgress | None = None) -> AsyncGenerator[Thread]:
        """Yield the conversations in the order in which Gmail lists them; one that vanishes is passed over."""
        listed = read = 0

        async def errands() -> AsyncIterator[list[Call[Thread | None]]]:
            nonlocal listed
            async for page in self._pages(wanted, calls.list_threads):
                listed += len(page)
                threads = (calls.if_there(calls.thread(each.id, bodies=wanted.bodies)) for each in page)
                for several in self._batches(threads):
                    yield several

        async with aclosing(in_order(self._carry_out, errands(), width=self._width)) as results:
            async for found in results:
                for thread in found:
                    if thread is not None:
                        read += 1
                        if on_progress is not None:
                            on_progress(read, listed)
                        yield thread

    async def attachment(self, message_id: str, attachment: Attachment) -> bytes:
        """Return an attachment's content, which is fetched once."""
        if attachment.content is not None or attachment.part_id is None:
            return await self._run(calls.attachment(message_id, attachment))
        # Not by its id, which differs from one reading of the message to the next.
        name = (message_id, attachment.part_id, attachment.name)
        return await self._once(name, calls.attachment(message_id, attachment))

    async def raw(self, message_id: str) -> bytes:
        """Return a mail as it stands, which is fetched once."""
        return await self._once((message_id,), storing.raw(message_id))

    async def _once(self, name: tuple[str, ...], call: Call[bytes]) -> bytes:
        """Return what never changes under its name: from memory, from the cache on disk, from Gmail."""
        kept = self._keepsakes.get(name)
        if kept is not None:
            return kept
        shelf = await self._shelf()
        if shelf is None:
            return self._keepsakes.put(name, await self._run(call))
        text = json.dumps(name)
        content = await in_thread(shelf.get, text)
        if content is None:
            content = await self._run(call)
            await in_thread(shelf.put, text, content)
        return self._keepsakes.put(name, content)

    async def _carry_out(self, errands: Sequence[Call[T]]) -> list[T]:
        return await self._run_together(errands, BATCH)

    def _batches(self, errands: Iterable[Call[T]]) -> Iterator[list[Call[T]]]:
        """Yield the errands of a page, so many together as one request carries: none waits for the next page."""
        waiting = iter(errands)
        while several := list(islice(waiting, self._batch)):
            yield several

    async def _pages(self, wanted: Wanted, list_page: ListPage[R]) -> AsyncIterator[tuple[R, ...]]:
        # Mail that arrives while we page shifts what follows, so it may be listed twice; what has
        # shifted stands at the beginning of the next page.
        before: frozenset[str] = frozenset()
        listed = 0
        page_token: str | None = None
        while wanted.limit is None or listed < wanted.limit:
            page = await self._run(
                list_page(
                    wanted.query,
                    page_token=page_token,
                    page_size=wanted.page_size(listed),
                    include_spam_trash=wanted.spam_and_trash,
                )
            )
            fresh = tuple(each for each in page.items if each.id not in before)
            listed += len(fresh)
            before = frozenset(each.id for each in page.items)
            yield fresh
            page_token = page.next_page_token
            if page_token is None:
                return
