"""What never changes is kept up to so many bytes, and the oldest goes first."""

from __future__ import annotations

from mailgrant.keepsakes import Keepsakes


def test_what_was_put_is_there_until_there_is_too_much() -> None:
    keepsakes = Keepsakes(most=40)
    for name in "abcd":
        keepsakes.put(name, b"0123456789")
    assert keepsakes.get("a") == b"0123456789"

    keepsakes.put("e", b"0123456789")

    assert keepsakes.get("b") is None
    assert keepsakes.get("a") is not None


def test_what_is_too_large_is_handed_back_and_not_kept() -> None:
    keepsakes = Keepsakes(most=40)

    assert keepsakes.put("large", b"0" * 11) == b"0" * 11
    assert keepsakes.get("large") is None


def test_the_same_name_put_twice_counts_once() -> None:
    keepsakes = Keepsakes(most=40)
    for _ in range(9):
        keepsakes.put("a", b"0123456789")
    for name in "bcd":
        keepsakes.put(name, b"0123456789")

    assert all(keepsakes.get(name) for name in "abcd")
