"""What the tests of OAuth share: a client, and bytes that are as random as a test may be."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

import pytest

from mailgrant.oauth.client_secrets import ClientKind, ClientSecrets
from mailgrant.secret import Secret


@pytest.fixture
def client() -> ClientSecrets:
    return ClientSecrets(
        "1234-lunch.apps.googleusercontent.com", client_secret=Secret("not-really-secret"), kind=ClientKind.INSTALLED
    )


@pytest.fixture
def entropy() -> Callable[[int], bytes]:
    """Different bytes at every call, the same in every run."""
    calls = 0

    def draw(size: int) -> bytes:
        nonlocal calls
        calls += 1
        return sha256(calls.to_bytes(4)).digest()[:size]

    return draw
