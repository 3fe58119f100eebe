"""What stands on the wire, and what is made of it."""

from __future__ import annotations

import gzip

import pytest

from mailgrant.http import Request
from mailgrant.wire import Damaged, Unzipping, fields_of, headers_of, unzipped

ZIPPED = {"content-encoding": "gzip"}


def test_every_request_says_who_asks_and_that_the_answer_may_be_compressed() -> None:
    request = Request("POST", "https://x/", operation="x", headers={"Content-Type": "text/plain"})

    fields = {name.lower(): value for name, value in fields_of(request)}

    assert b"gzip" in fields[b"user-agent"]
    assert fields[b"accept-encoding"] == b"gzip"
    assert fields[b"content-type"] == b"text/plain"


def test_header_fields_are_found_by_small_letters() -> None:
    assert headers_of([(b"ETag", b"one"), (b"X-Name", b"Andr\xe9")]) == {"etag": "one", "x-name": "André"}


def test_a_body_comes_back_however_it_is_cut() -> None:
    body = gzip.compress(b"0123456789" * 100)
    unzipping = Unzipping(ZIPPED)

    plain = b"".join(unzipping.plain(body[place : place + 7]) for place in range(0, len(body), 7))
    unzipping.end()

    assert plain == b"0123456789" * 100


def test_an_empty_body_needs_no_compression_to_be_empty() -> None:
    assert unzipped(b"", ZIPPED) == b""


@pytest.mark.parametrize("body", [gzip.compress(b"whole")[:-1], b"no gzip at all"])
def test_a_damaged_body_is_told_from_a_short_one(body: bytes) -> None:
    with pytest.raises(Damaged):
        unzipped(body, ZIPPED)


def test_a_compression_that_was_not_asked_for_is_no_answer() -> None:
    with pytest.raises(Damaged, match="br"):
        unzipped(b"", {"content-encoding": "br"})
