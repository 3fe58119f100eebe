"""
A Google at noon, and somebody who calls it: what the sandbox's tests start from.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from .caller import Caller

if TYPE_CHECKING:
    from mailgrant.sandbox import Sandbox

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.fixture
def world() -> Sandbox:
    """A sandbox with the demo's people, at noon, that answers consent by itself."""
    from mailgrant.sandbox import Sandbox

    return Sandbox(NOON, consent="auto")


@pytest.fixture
def caller(world: Sandbox) -> Caller:
    """Somebody who calls it."""
    return Caller(world)
