"""
Reading: many messages, in order, as fast as the account's pace allows.

Several are fetched at once; where that costs less, whole conversations.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from mailgrant.errors import NotFound
from mailgrant.gmail import calls, storing
from mailgrant.gmail.errands import Errand, plan
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


class AsyncReading:
    """How many messages of one account are read; `width` is how many calls are under way at once."""

    def __init__(self, run: Run, *, width: int, shelf: Current[Shelf | None]) -> None:
        self._run = run
        self._width = width
        self._shelf = shelf
        self._keepsakes = Keepsakes()

    async def messages(self, wanted: Wanted, on_progress: OnProgress | None = None) -> AsyncIterator[Message]:
        """Yield the messages in the order in which Gmail lists them; one that vanishes meanwhile is passed over."""
        order: deque[str] = deque()
        done: dict[str, Message | None] = {}
        listed = read = 0

        async def errands() -> AsyncIterator[Errand]:
            nonlocal listed
            async for page in self._pages(wanted, calls.list_messages):
                listed += len(page)
                order.extend(each.id for each in page)
                for errand in plan(page):
                    yield errand

        async for found in in_order(partial(self._carry_out, wanted.bodies), errands(), width=self._width):
            done.update(found)
            while order and order[0] in done:
                message = done.pop(order.popleft())
                if message is not None:
                    read += 1
                    if on_progress is not None:
                        on_progress(read, listed)
                    yield message

    async def threads(self, wanted: Wanted, on_progress: OnProgress | None = None) -> AsyncIterator[Thread]:
        """Yield the conversations in the order in which Gmail lists them; one that vanishes is passed over."""
        listed = read = 0

        async def ids() -> AsyncIterator[str]:
            nonlocal listed
            async for page in self._pages(wanted, calls.list_threads):
                listed += len(page)
                for each in page:
                    yield each.id

        async for thread in in_order(partial(self._thread, wanted.bodies), ids(), width=self._width):
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

    async def _carry_out(self, bodies: bool, errand: Errand) -> dict[str, Message | None]:
        found: dict[str, Message | None] = dict.fromkeys(errand.message_ids)
        if errand.thread_id is not None:
            thread = await self._thread(bodies, errand.thread_id)
            found.update((each.id, each) for each in (thread.messages if thread else ()) if each.id in found)
            return found
        [message_id] = errand.message_ids
        try:
            return {message_id: await self._run(calls.read(message_id, bodies=bodies))}
        except NotFound:
            return found

    async def _thread(self, bodies: bool, thread_id: str) -> Thread | None:
        try:
            return await self._run(calls.thread(thread_id, bodies=bodies))
        except NotFound:
            return None

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
