"""What the tests of keys stand on: passphrases that are stretched at once."""

from __future__ import annotations

import pytest


@pytest.fixture
def weak_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretch passphrases as little as can be, so that a hundred openings take no minute."""
    monkeypatch.setattr("mailgrant.passphrase.SCRYPT", {"n": 2, "r": 8, "p": 1})
