"""A connection is kept for the next request, and let go when nobody is there any more, or nobody needs it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest

from mailgrant._async import routes
from mailgrant._async.transport import AsyncHttpTransport
from mailgrant._async.waiting import in_order, sleep
from mailgrant.http import Request, Response

from ..listening import Listener, listening

pytestmark = pytest.mark.anyio


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A server that keeps connections."""
    with listening() as listener:
        yield listener


async def paths(*found: str) -> AsyncIterator[str]:
    for each in found:
        yield each


async def statuses(transport: AsyncHttpTransport, listener: Listener, *found: str) -> list[int]:
    """Ask for all of these at once; return what came."""

    async def ask(path: str) -> int:
        outcome = await transport.send(Request("GET", f"{listener.url}{path}", operation="test.get"))
        assert isinstance(outcome, Response), outcome
        return outcome.status

    return [status async for status in in_order(ask, paths(*found), width=max(len(found), 1))]


@pytest.fixture
async def transport() -> AsyncIterator[AsyncHttpTransport]:
    """The transport of every day."""
    transport = AsyncHttpTransport(trusts_environment=False)
    yield transport
    await transport.aclose()


async def test_one_connection_serves_one_request_after_another(
    transport: AsyncHttpTransport, listener: Listener
) -> None:
    for _ in range(5):
        assert await statuses(transport, listener, "/") == [200]

    assert listener.came == 1


async def test_several_at_once_have_one_each_and_these_are_kept(
    transport: AsyncHttpTransport, listener: Listener
) -> None:
    for _ in range(3):
        assert await statuses(transport, listener, "/together", "/together", "/together") == [200] * 3

    assert listener.came == 3


async def test_one_that_the_other_end_let_go_is_not_used_again(
    transport: AsyncHttpTransport, listener: Listener
) -> None:
    for _ in range(4):
        assert await statuses(transport, listener, "/last") == [200]
        assert listener.ended.acquire(timeout=5)

    assert listener.came == 4


async def test_one_that_nobody_needed_for_long_is_let_go(
    transport: AsyncHttpTransport, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "KEPT_FOR", 0.2)
    await statuses(transport, listener, "/together", "/together", "/together")
    for _ in range(5):
        await sleep(timedelta(seconds=0.1))
        await statuses(transport, listener, "/")

    assert listener.came == 3
    # The one that was in use all the time is still there; the other two are not.
    assert [listener.ended.acquire(timeout=5) for _ in range(2)] == [True, True]
    assert not listener.ended.acquire(blocking=False)


async def test_closing_lets_go_of_every_connection_and_the_next_request_makes_another(
    transport: AsyncHttpTransport, listener: Listener
) -> None:
    await statuses(transport, listener, "/together", "/together", "/together")
    await transport.aclose()

    assert all(listener.ended.acquire(timeout=5) for _ in range(3))
    assert await statuses(transport, listener, "/") == [200]
    assert listener.came == 4


async def test_what_is_under_way_while_it_is_closed_comes_to_its_end(
    transport: AsyncHttpTransport, listener: Listener
) -> None:
    async def work(path: str) -> list[int]:
        if path == "close":
            await sleep(timedelta(seconds=0.2))
            await transport.aclose()
            listener.held.set()
            return []
        return await statuses(transport, listener, path)

    assert [each async for each in in_order(work, paths("/held", "close"), width=2)] == [[200], []]
    assert listener.ended.acquire(timeout=5)
