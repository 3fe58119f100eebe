"""What the tests of keys stand on: a keyring of their own, and passphrases that are stretched at once."""

from __future__ import annotations

from collections.abc import Iterator

import keyring as system_keyring
import pytest

from .fate import Drawer


@pytest.fixture
def drawer() -> Iterator[Drawer]:
    before, drawer = system_keyring.get_keyring(), Drawer()
    system_keyring.set_keyring(drawer)
    yield drawer
    system_keyring.set_keyring(before)


@pytest.fixture
def weak_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretch passphrases as little as can be, so that a hundred openings take no minute."""
    monkeypatch.setattr("mailgrant.passphrase.SCRYPT", {"n": 2, "r": 8, "p": 1})
