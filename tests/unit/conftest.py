"""What the unit tests share: holding a conversation by hand, and a keyring that is nobody's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import keyring as system_keyring
import pytest

from mailgrant.errors import MailgrantError
from mailgrant.http import Call, Request, Response

from .drawer import Drawer

Answer = dict[str, Any] | MailgrantError | None


@pytest.fixture(scope="session")
def hold() -> Callable[..., tuple[Any, list[Request]]]:
    """Give the function that answers a call's requests in turn: `result, asked = hold(call, *answers)`."""
    return hold_conversation


@pytest.fixture
def drawer() -> Iterator[Drawer]:
    before, drawer = system_keyring.get_keyring(), Drawer()
    system_keyring.set_keyring(drawer)
    yield drawer
    system_keyring.set_keyring(before)


def hold_conversation(call: Call[Any], *answers: Answer) -> tuple[Any, list[Request]]:
    """
    Answer each request in turn, and return the call's result and what it asked.

    An object is a 200 with that JSON, None is a 204, an error is thrown in. Every answer must be used.
    """
    waiting = list(answers)
    asked: list[Request] = []
    try:
        asked.append(next(call))
        while True:
            assert waiting, f"no answer is left for {asked[-1]}"
            answer = waiting.pop(0)
            asked.append(call.throw(answer) if isinstance(answer, MailgrantError) else call.send(response(answer)))
    except StopIteration as stop:
        assert not waiting, f"these answers were not asked for: {waiting}"
        return stop.value, asked


def response(value: dict[str, Any] | None) -> Response:
    """Make the answer whose body is `value`."""
    return Response(204) if value is None else Response(200, body=json.dumps(value).encode())
