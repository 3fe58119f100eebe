"""Addresses as people type them, and as headers want them."""

from __future__ import annotations

import dataclasses
import email.header
import email.utils

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgrant.errors import InvalidRequest
from mailgrant.gmail.address import Address
from mailgrant.gmail.header_text import UNPRINTABLE

NAMES = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=120)
LOCAL_PARTS = st.text("abcdefghijklmnopqrstuvwxyz0123456789.+_-!#$%&'*/=?^`{|}~", min_size=1, max_size=64)
DOMAINS = st.sampled_from(["example.com", "mail.example.org", "localhost", "bücher.example", "[192.0.2.1]"])
ADDRESSES = st.builds(
    lambda local, domain, name: Address(f"{local}@{domain}", name=name),
    LOCAL_PARTS,
    DOMAINS,
    st.none() | NAMES,
)


@pytest.mark.parametrize(
    ("typed", "email_", "name"),
    [
        ("ada@example.com", "ada@example.com", None),
        ("  ada@example.com ", "ada@example.com", None),
        ("<ada@example.com>", "ada@example.com", None),
        ("Ada Lovelace <ada@example.com>", "ada@example.com", "Ada Lovelace"),
        ("Ada   Lovelace<ada@example.com>", "ada@example.com", "Ada Lovelace"),
        ('"Lovelace, Ada" <ada@example.com>', "ada@example.com", "Lovelace, Ada"),
        (r'"Ada \"Countess\" Lovelace" <ada@example.com>', "ada@example.com", 'Ada "Countess" Lovelace'),
        ("J. Smith <j@example.com>", "j@example.com", "J. Smith"),
        ("ada@example.com (Ada Lovelace)", "ada@example.com", "Ada Lovelace"),
        ("Ada (the first) <ada@example.com>", "ada@example.com", "Ada"),
        ("Ädä Łovelace <ada@bücher.example>", "ada@bücher.example", "Ädä Łovelace"),
        ('"ada lovelace"@example.com', '"ada lovelace"@example.com', None),
        ("ada@[192.0.2.1]", "ada@[192.0.2.1]", None),
        ("mailto:ada@example.com", "ada@example.com", None),
        ("o'hara+lunch@sub.example.co.uk", "o'hara+lunch@sub.example.co.uk", None),
    ],
)
def test_an_address_is_read_as_people_type_it(typed: str, email_: str, name: str | None) -> None:
    assert Address.parse(typed) == Address(email_, name=name)


@pytest.mark.parametrize(
    ("typed", "emails"),
    [
        ("", []),
        (" , ; ", []),
        ("ada@example.com, grace@example.com", ["ada@example.com", "grace@example.com"]),
        ("ada@example.com; grace@example.com;", ["ada@example.com", "grace@example.com"]),
        ('"Hopper, Grace" <grace@example.com>, Ada <ada@example.com>', ["grace@example.com", "ada@example.com"]),
        ("Team: ada@example.com, grace@example.com; bob@example.com", ["ada", "grace", "bob"]),
        ("undisclosed-recipients:;", []),
        (["ada@example.com", "b@example.com, c@example.com"], ["ada", "b", "c"]),
        (("Ada <ada@example.com>",), ["ada@example.com"]),
        ((), []),
    ],
)
def test_a_list_is_read_as_people_type_it(typed: str | list[str], emails: list[str]) -> None:
    found = [address.email.removesuffix("@example.com") for address in Address.parse_list(typed)]

    assert found == [expected.removesuffix("@example.com") for expected in emails]


def test_addresses_are_taken_as_they_are() -> None:
    ada = Address("ada@example.com", name="Ada")

    assert Address.parse(ada) is ada
    assert Address.parse_list(ada) == (ada,)
    assert Address.parse_list([ada, "grace@example.com"]) == (ada, Address("grace@example.com"))


@pytest.mark.parametrize(
    "typed",
    [
        "ada",
        "@example.com",
        "ada@",
        "Lovelace, Ada <ada@example.com>",
        "ada lovelace@example.com",
        "ada@example..com",
        "ada@-example.com",
        "ada@exam ple.com",
        "ada@@example.com",
        'Ada" <ada@example.com>',
        "Ada <ada@example.com",
        "Ada <ada@example.com> <ada@example.org>",
        "<ada@example.com> Ada",
        "ada@example.com: grace@example.com",
        "ada@" + "a" * 400,
    ],
)
def test_what_is_no_address_is_refused_with_the_field_and_the_text(typed: str) -> None:
    with pytest.raises(InvalidRequest, match="cc: ") as caught:
        Address.parse_list(typed, field="cc")

    assert "not a mail address" in caught.value.message


@pytest.mark.parametrize("strange", [5, None, [5], [None], b"ada@example.com"])
def test_what_is_no_text_is_refused_too(strange: object) -> None:
    with pytest.raises(InvalidRequest, match="not a mail address"):
        Address.parse_list(strange, field="to")  # type: ignore[arg-type]


def test_one_address_is_not_two() -> None:
    with pytest.raises(InvalidRequest, match="from_: one address is wanted here, not 2"):
        Address.parse("ada@example.com, grace@example.com", field="from_")


@pytest.mark.parametrize("control", ["\n", "\r\n", "\r", "\x00", "\x0b", "\x85", "\u2028", "\t", "\x1b", "\ud800"])
def test_a_recipient_with_a_newline_is_refused(control: str) -> None:
    with pytest.raises(InvalidRequest, match=r"to: .*(line break|control character)"):
        Address.parse_list(f"ada@example.com{control}Bcc: eve@example.com", field="to")
    with pytest.raises(InvalidRequest):
        Address("ada@example.com", name=f"Ada{control}Bcc: eve@example.com")
    with pytest.raises(InvalidRequest):
        Address(f"ada@example.com{control}")


@pytest.mark.parametrize("domain", ["straße.example", "βόλος.example", "a\u200db.example"])
def test_a_domain_that_two_standards_read_differently_is_never_guessed(domain: str) -> None:
    with pytest.raises(InvalidRequest, match="different places") as caught:
        Address(f"ada@{domain}")

    assert "xn--" in caught.value.hint


def test_a_domain_is_shown_as_written_and_sent_in_ascii() -> None:
    address = Address("ada@bücher.example")

    assert str(address) == "ada@bücher.example"
    assert address.header() == "ada@xn--bcher-kva.example"
    assert address.mailbox == Address("Ada@xn--bcher-kva.example").mailbox


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("Ada Lovelace", "Ada Lovelace <ada@example.com>"),
        ("Lovelace, Ada", '"Lovelace, Ada" <ada@example.com>'),
        ('Ada "Countess"', r'"Ada \"Countess\"" <ada@example.com>'),
        ("Ädä", "=?utf-8?b?w4Rkw6Q=?= <ada@example.com>"),
        ("=?utf-8?q?x?=", "=?utf-8?b?PT91dGYtOD9xP3g/PQ==?= <ada@example.com>"),
        ("", "ada@example.com"),
    ],
)
def test_a_name_stands_in_a_header_as_the_standards_want(name: str, header: str) -> None:
    assert Address("ada@example.com", name=name).header() == header


def test_an_address_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Address("ada@example.com").email = "eve@example.com"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("header", "emails"),
    [
        ("Ada <ada@example.com>, =?utf-8?q?Gr=C3=A4ce?= <grace@example.com>", ["ada@example.com", "grace@example.com"]),
        ("Lovelace, Ada <ada@example.com>", ["ada@example.com"]),
        ('"weird <ada@example.com>', ["ada@example.com"]),
        ("dots..everywhere.@docomo.example", ["dots..everywhere.@docomo.example"]),
        ("nobody", []),
        ("", []),
        ("a@b@c, \x00", []),
    ],
)
def test_a_received_header_gives_what_addresses_it_has(header: str, emails: list[str]) -> None:
    assert [address.email for address in Address.parse_received(header)] == emails


def test_an_encoded_name_in_a_received_header_is_decoded() -> None:
    (grace,) = Address.parse_received("=?utf-8?q?Gr=C3=A4ce?= <grace@example.com>")

    assert grace.name == "Gräce"


@given(ADDRESSES)
def test_what_a_person_reads_is_read_back_the_same(address: Address) -> None:
    assert Address.parse(str(address)) == address


@given(st.lists(ADDRESSES, max_size=5))
def test_a_joined_list_is_read_back_the_same(addresses: list[Address]) -> None:
    assert Address.parse_list(", ".join(map(str, addresses))) == tuple(addresses)


@given(ADDRESSES)
def test_a_header_is_one_line_of_ascii(address: Address) -> None:
    header = address.header()

    assert header.isascii()
    assert not UNPRINTABLE.search(header)


@given(st.builds(Address, st.just("ada@example.com"), name=NAMES))
def test_the_standard_library_reads_the_same_name_from_the_header(address: Address) -> None:
    phrase, email_ = email.utils.parseaddr(address.header())

    # The newer parser of Python 3.11 puts a blank between encoded words of a name; the older reads them right.
    assert email_ == "ada@example.com"
    assert str(email.header.make_header(email.header.decode_header(phrase))) == (address.name or "")


@given(st.text())
def test_any_text_is_addresses_or_a_clear_refusal(text: str) -> None:
    try:
        found = Address.parse_list(text, field="to")
    except InvalidRequest as error:
        assert error.message.startswith("to: ")
    else:
        assert not any(UNPRINTABLE.search(str(address)) for address in found)


@given(st.text(st.sampled_from('ada@example.com <>",;:()[]\\\n=?é')))
def test_a_received_header_never_raises(header: str) -> None:
    assert all(address.header() for address in Address.parse_received(header))


@pytest.mark.parametrize(
    "header",
    [
        "=?utf-8?q?M=C3=BCller=2C_J=C3=B6rg?= <joerg@example.com>, ada@example.com",
        "Müller, Jörg <joerg@example.com>, ada@example.com",
        '"Müller, Jörg" <joerg@example.com>, ada@example.com',
    ],
)
def test_a_received_name_with_a_comma_is_read_whole(header: str) -> None:
    assert Address.parse_received(header) == (
        Address("joerg@example.com", name="Müller, Jörg"),
        Address("ada@example.com"),
    )


@pytest.mark.parametrize("header", ["nobody, nowhere", "nobody,", "friends: nobody;"])
def test_received_words_without_an_address_are_none(header: str) -> None:
    assert Address.parse_received(header) == ()
