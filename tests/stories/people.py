"""People at a browser, as far as the stories need them."""

from __future__ import annotations

import importlib.util
from collections.abc import Collection
from pathlib import Path
from typing import Any

BROWSER = Path(__file__).with_name("visit.py")


def _load_browser() -> Any:
    specification = importlib.util.spec_from_file_location("story_browser", BROWSER)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


class Person:
    """Opens a consent link, answers, and returns the address the browser was sent back to."""

    def __init__(self) -> None:
        self._browser = _load_browser()

    def agree(self, url: str, *, as_account: str | None = None, unticked: Collection[str] = ()) -> str:
        """Say yes to everything but `unticked`, as the account the link names unless told."""
        address: str = self._browser.agree(url, account=as_account, unticked=unticked)
        return address
