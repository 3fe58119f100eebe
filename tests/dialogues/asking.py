"""Reading what a command says, and answering what it asks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ..stories.visit import agree


def error_of(err: str) -> dict[str, Any]:
    """Read the error that a command printed as JSON, the last thing it says."""
    content: dict[str, Any] = json.loads(err[err.rindex('{"error"') :])["error"]
    return content


class Pasting:
    """A stdin on which somebody opens the link that was printed, and pastes where the browser ended up."""

    def __init__(
        self, capsys: pytest.CaptureFixture[str], *, account: str | None = None, unticked: tuple[str, ...] = ()
    ) -> None:
        self._capsys = capsys
        self._account = account
        self._unticked = unticked

    def isatty(self) -> bool:
        return True

    def readline(self) -> str:
        told = self._capsys.readouterr().err
        link = next(word for word in told.split() if word.startswith("http://") and "state=" in word)
        return f"{agree(link, account=self._account, unticked=self._unticked)}\n"
