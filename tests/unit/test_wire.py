"""What stands on the wire, and what is made of it."""

from __future__ import annotations

import gzip

import pytest

from mailgrant.http import Request
from mailgrant.wire import LARGEST_PIECE, Damaged, Unzipping, fields_of, headers_of, unzipped

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

    plain = b"".join(piece for place in range(0, len(body), 7) for piece in unzipping.plain(body[place : place + 7]))
    unzipping.end()

    assert plain == b"0123456789" * 100


@pytest.mark.parametrize("more", range(-3, 4))
def test_nothing_is_left_behind_at_the_end_of_a_piece(more: int) -> None:
    body = b"ab" * (LARGEST_PIECE // 2) + b"ab" * 140
    zipped = gzip.compress(body[: LARGEST_PIECE + more])

    assert unzipped(zipped, ZIPPED) == body[: LARGEST_PIECE + more]


def test_a_body_that_was_a_thousand_times_as_long_comes_in_pieces() -> None:
    body = gzip.compress(bytes(10 * LARGEST_PIECE))
    unzipping = Unzipping(ZIPPED)

    pieces = list(unzipping.plain(body))
    unzipping.end()

    assert sum(map(len, pieces)) == 10 * LARGEST_PIECE
    assert max(map(len, pieces)) == LARGEST_PIECE


def test_an_empty_body_needs_no_compression_to_be_empty() -> None:
    assert unzipped(b"", ZIPPED) == b""


@pytest.mark.parametrize("body", [gzip.compress(b"whole", mtime=0)[:-1], b"no gzip at all"], ids=["cut", "other"])
def test_a_damaged_body_is_told_from_a_short_one(body: bytes) -> None:
    with pytest.raises(Damaged):
        unzipped(body, ZIPPED)


def test_a_compression_that_was_not_asked_for_is_no_answer() -> None:
    with pytest.raises(Damaged, match="br"):
        unzipped(b"", {"content-encoding": "br"})
