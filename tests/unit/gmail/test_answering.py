"""Which mailbox an address leads to."""

from __future__ import annotations

import pytest

from mailgrant.gmail.address import Address
from mailgrant.gmail.answering import mailbox_of


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        ("Ada@Example.com", "ada@example.com"),
        ("ada+lunch+noon@example.com", "ada@example.com"),
        ("a.d.a@gmail.com", "ada@gmail.com"),
        ("a.d.a@example.com", "a.d.a@example.com"),
        ("+ada@example.com", "+ada@example.com"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
    ],
)
def test_a_mailbox_is_known_by_any_spelling_of_its_address(address: str, mailbox: str) -> None:
    assert mailbox_of(Address(address)) == mailbox
