"""Header fields, and the text that may stand in them."""

from __future__ import annotations

import email
import email.header
import email.policy
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgrant.errors import InvalidRequest
from mailgrant.gmail.header_text import (
    LINE_LENGTH,
    LONGEST_LINE,
    UNPRINTABLE,
    clean,
    decode,
    encode,
    encode_if_needed,
    fold,
    refuse_unprintable,
)
from mailgrant.gmail.headers import Headers

PRINTABLE = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")))


def test_a_header_is_found_by_any_spelling() -> None:
    headers = Headers.of([("Message-ID", "<a@example.com>"), ("Received", "one"), ("received", "two")])

    assert headers["message-id"] == "<a@example.com>"
    assert headers.get("MESSAGE-ID") == "<a@example.com>"
    assert "rEcEiVeD" in headers
    assert headers.get("Subject") is None


def test_duplicates_are_kept_in_order() -> None:
    headers = Headers.of([("Received", "one"), ("Subject", "Lunch"), ("received", "two")])

    assert headers["Received"] == "one"
    assert headers.all("RECEIVED") == ("one", "two")
    assert len(headers) == 2
    assert sorted(headers) == ["Received", "Subject"]


def test_headers_are_taken_as_a_mapping_too() -> None:
    assert Headers.of({"X-Lunch": "Thursday"}) == Headers((("X-Lunch", "Thursday"),))
    assert hash(Headers.of({"X-Lunch": "Thursday"})) == hash(Headers((("X-Lunch", "Thursday"),)))


def test_a_missing_header_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        Headers()["Subject"]


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "\rb", "a\x00", "\x7f", "\x85", "\u2028", "\udc80", "a\tb"])
def test_a_line_break_or_control_character_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidRequest, match="The subject holds a"):
        refuse_unprintable(text, what="The subject")


def test_received_text_is_put_on_one_line() -> None:
    assert clean(" Lunch\r\n on\x00Thursday ") == "Lunch   on Thursday"


@pytest.mark.parametrize(
    "text",
    ["=?utf-8?q?un", "=?unknown-charset?q?x?=", "=?utf-8?b?!!!?=", "a =? b", "=?utf-8?b?/w==?=", "plain"],
)
def test_decoding_what_is_damaged_or_decoded_already_does_no_harm(text: str) -> None:
    assert isinstance(decode(text), str)


def test_decoding_twice_is_harmless() -> None:
    once = decode("=?utf-8?q?Gr=C3=BC=C3=9Fe?= =?utf-8?q?_aus_Bern?=")

    assert once == "Grüße aus Bern"
    assert decode(once) == once


@given(PRINTABLE)
def test_encoded_words_come_back_the_same(text: str) -> None:
    encoded = encode(text)

    assert encoded.isascii()
    assert all(len(word) <= 75 for word in encoded.split(" "))
    assert str(email.header.make_header(email.header.decode_header(encoded))) == text


@given(PRINTABLE)
def test_a_folded_subject_comes_back_the_same(text: str) -> None:
    field = fold("Subject", encode_if_needed(text))

    assert max(map(len, field.split("\r\n"))) <= LINE_LENGTH
    message = email.message_from_string(f"{field}\r\n", policy=email.policy.default)
    assert str(message["Subject"]) == text


@given(st.lists(st.text("abc<>@.", min_size=0, max_size=120), max_size=20))
def test_unfolding_gives_the_value_back_exactly(words: list[str]) -> None:
    value = " ".join(words).strip()
    field = fold("References", value)

    assert re.sub(r"\r\n(?= )", "", field) == f"References: {value}\r\n"
    assert all(line.strip() for line in field.removesuffix("\r\n").split("\r\n"))


def test_a_word_longer_than_a_line_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="X-Long holds a word"):
        fold("X-Long", "a" * (LONGEST_LINE + 1))


@given(st.text())
def test_cleaned_text_has_nothing_left_to_refuse(text: str) -> None:
    assert not UNPRINTABLE.search(clean(text))
