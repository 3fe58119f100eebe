"""What is of the wrong kind is refused with an exact error, before anything is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from mailgrant import AsyncAccount, AsyncMailgrant
from mailgrant.errors import InvalidRequest
from mailgrant.sandbox import Sandbox

from ..people import Person

pytestmark = pytest.mark.anyio

ADA = "ada@example.com"


async def searched(ada: AsyncAccount, query: Any = "", **options: Any) -> list[Any]:
    return [each async for each in ada.gmail.search(query, **options)]


async def conversations(ada: AsyncAccount, query: Any = "", **options: Any) -> list[Any]:
    return [each async for each in ada.gmail.threads(query, **options)]


MISTAKES: dict[str, tuple[Callable[[AsyncAccount], Awaitable[Any]], str]] = {
    "a search that is None": (lambda ada: searched(ada, None), "not NoneType"),
    "a search that is a list": (lambda ada: conversations(ada, ["from:ada"]), "not list"),
    "a limit below nothing": (lambda ada: searched(ada, limit=-1), "no number of mails"),
    "a limit in words": (lambda ada: conversations(ada, limit="three"), "no number of mails"),
    "a message that is None": (lambda ada: ada.gmail.read(None), "NoneType is no message"),  # type: ignore[arg-type]
    "messages that are a number": (lambda ada: ada.gmail.archive(5), "int is no message"),  # type: ignore[arg-type]
    "a None among messages": (lambda ada: ada.gmail.trash([None]), "NoneType is no message"),  # type: ignore[list-item]
    "a label that Gmail keeps": (lambda ada: ada.gmail.create_label("inbox"), "keeps the name"),
    "a file by its name alone": (lambda ada: ada.gmail.insert("a.eml"), "bytes or a Path"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize(("wrong", "says"), MISTAKES.values(), ids=MISTAKES)
async def test_what_is_of_the_wrong_kind_is_refused(
    sandbox: Sandbox,
    office: dict[str, Any],
    person: Person,
    wrong: Callable[[AsyncAccount], Awaitable[Any]],
    says: str,
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        consent = await mailgrant.consents.begin(ADA, "gmail.modify", redirect_uri="http://127.0.0.1:1/")
        await mailgrant.consents.complete(person.agree(consent.url))
        sandbox.journal.clear()
        with pytest.raises(InvalidRequest, match=says):
            await wrong(mailgrant.account(ADA))

    assert sandbox.requests == []
