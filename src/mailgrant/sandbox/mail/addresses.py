"""The addresses in a mail's headers, as they were received."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailgrant.gmail.address import Address
from mailgrant.sandbox.mail.charset import decode_words

LONGEST_HEADER = 1_000_000


def received(values: Iterable[str]) -> Iterator[str]:
    """Yield the bare addresses of header values, in lower case; what is none is passed over."""
    for value in values:
        # What is still encoded after decoding is damaged, and slow for others to try again.
        text = decode_words(value)[:LONGEST_HEADER].replace("=?", " ")
        for address in Address.parse_received(text):
            yield address.email.casefold()
