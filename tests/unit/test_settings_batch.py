"""How many messages one request asks for is at most how many may be under way."""

from __future__ import annotations

import pytest

from mailgrant.errors import SettingsError
from mailgrant.settings import Settings


@pytest.mark.parametrize(("batch", "in_flight"), [(None, 5), (1, 1), (5, 5), (20, 20)])
def test_as_many_as_may_be_under_way_go_together(batch: int | None, in_flight: int) -> None:
    assert Settings.load(batch=batch, in_flight=in_flight).batch == batch


@pytest.mark.parametrize("batch", [0, 6, -1, True, "5", 2.0])
def test_any_other_number_is_refused(batch: object) -> None:
    with pytest.raises(SettingsError, match="batch is a number from 1 to 5"):
        Settings.load(batch=batch)
