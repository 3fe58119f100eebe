"""A size is written as people write it, and becomes bytes."""

from __future__ import annotations

import pytest

from mailgrant.errors import SettingsError
from mailgrant.settings import Settings


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (None, 0),
        (0, 0),
        ("0", 0),
        (1_048_576, 1_048_576),
        ("500 MB", 500_000_000),
        ("500MB", 500_000_000),
        ("1.5 GB", 1_500_000_000),
        ("64 kB", 64_000),
        ("700 B", 700),
        ("2 TB", 2 * 10**12),
    ],
)
def test_a_size_is_so_many_bytes(size: str | int | None, expected: int) -> None:
    assert Settings.load(cache=size).cache_bytes == expected


@pytest.mark.parametrize("size", ["much", "", "-5 MB", "5 PB", "٥ MB", "1e9", "9" * 5_000, True, -1, 10**40, 1.5, []])
def test_what_is_no_size_is_refused(size: object) -> None:
    with pytest.raises(SettingsError, match="500 MB"):
        Settings.load(cache=size)
