"""Address, and lists of them as people type them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import KW_ONLY, dataclass
from functools import lru_cache
from typing import TypeAlias

from mailgrant.errors import InvalidRequest

from .header_text import encode, refuse_unprintable, shown

LONGEST_ADDRESS = 320
# Header fields that were read are remembered, so many of them and up to so many characters.
MOST_REMEMBERED = 1024
LONGEST_REMEMBERED = 256

LOCAL_PART = re.compile(r'[^\s()<>\[\]:;@\\,"]+|"(?:[^"\\]|\\.)+"')
ASCII_DOMAIN = re.compile(
    r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*"
)
DOMAIN_LITERAL = re.compile(r"\[[A-Za-z0-9:.]+\]")
# Two generations of IDNA send these to different domains; neither is chosen for anybody.
AMBIGUOUS_IN_DOMAINS = frozenset("ßς\u200c\u200d")

ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
NEEDS_QUOTES = re.compile(r'[()<>\[\]:;@\\,"]')

TOKEN = re.compile(
    r"""
      (?P<quoted>"(?:[^"\\]|\\.)*")
    | (?P<angle><(?:[^<>"]|"(?:[^"\\]|\\.)*")*>)
    | (?P<comment>\((?:[^()\\]|\\.)*\))
    | (?P<literal>\[[^\[\]]*\])
    | (?P<separator>[,;])
    | (?P<colon>:)
    | (?P<text>[^"<>()\[\],;:]+)
    | (?P<stray>.)
    """,
    re.VERBOSE | re.DOTALL,
)
BARE_ADDRESS = re.compile(r'(?<![^\s()<>,"])[^\s()<>\[\]:;@\\,"]+@[^\s()<>\[\]:;@\\,"]+(?![^\s()<>,"])')

Token: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Address:
    """
    A mail address and, if it has one, the name of whose it is.

    Checked at birth: InvalidRequest says what is wrong with it. A domain stays as it was written;
    `header()` puts it into ASCII.
    """

    email: str
    _: KW_ONLY
    name: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "email", _checked_email(self.email))
        object.__setattr__(self, "name", _checked_name(self.name))

    @classmethod
    def parse(cls, text: str | Address, *, field: str = "") -> Address:
        """
        Read one address: `ada@example.com` or `Ada Lovelace <ada@example.com>`.

        Raises InvalidRequest naming `field` when it is none, or more than one.
        """
        found = cls.parse_list(text, field=field)
        if len(found) != 1:
            raise InvalidRequest(f"{_named(field)}one address is wanted here, not {len(found)}: {str(text)!r}.")
        return found[0]

    @classmethod
    def parse_list(cls, addresses: Addresses, *, field: str = "") -> tuple[Address, ...]:
        """
        Read addresses as people type them: commas or semicolons between, names quoted or not, groups.

        Takes a text, an Address, or several of either. Raises InvalidRequest naming `field`.
        """
        if isinstance(addresses, Address):
            return (addresses,)
        if isinstance(addresses, str):
            try:
                refuse_unprintable(addresses, what="the text")
                return tuple(_read(piece) for piece in _pieces(addresses))
            except InvalidRequest as error:
                raise InvalidRequest(f"{_named(field)}{error.message}", hint=error.hint) from None
        if not isinstance(addresses, Iterable):
            raise InvalidRequest(f"{_named(field)}{addresses!r} is not a mail address.")
        return tuple(found for address in addresses for found in cls.parse_list(address, field=field))

    @classmethod
    def parse_received(cls, header: str) -> tuple[Address, ...]:
        """Read the addresses of a received header; what is none is left out, and nothing raises."""
        return _received_before(header) if len(header) <= LONGEST_REMEMBERED else _received(header)

    @property
    def mailbox(self) -> str:
        """The address in the form to compare it by: case folded, the domain in ASCII."""
        return _ascii_domain(self.email).casefold()

    def header(self) -> str:
        """
        Return the address as it stands in a header (RFC 5322 §3.4), in one line of ASCII.

        A name that is not ASCII becomes encoded words (RFC 2047), a domain IDNA. A local part has
        no ASCII form: such an address stays as it is (RFC 6532), and no mail is sent to it.
        """
        email = _ascii_domain(self.email)
        return f"{_phrase(self.name)} <{email}>" if self.name else email

    def __str__(self) -> str:
        if not self.name:
            return self.email
        name = _quoted(self.name) if NEEDS_QUOTES.search(self.name) else self.name
        return f"{name} <{self.email}>"


Addresses: TypeAlias = str | Address | Iterable[str | Address]


def _named(field: str) -> str:
    return f"{field}: " if field else ""


def _checked_email(email: str) -> str:
    if not isinstance(email, str):
        raise InvalidRequest(f"{email!r} is not a mail address.")
    email = refuse_unprintable(email, what="The address").strip()
    local, at, domain = email.rpartition("@")
    if not at or not local or not domain:
        raise InvalidRequest(
            f"{email!r} is not a mail address: it needs a name, an @ and a domain.",
            hint='Write Ada <ada@example.com>; quote a name that has a comma: "Lovelace, Ada" <ada@example.com>.',
        )
    if not LOCAL_PART.fullmatch(local):
        raise InvalidRequest(f"{email!r} is not a mail address: {local!r} cannot stand before the @.")
    if len(email) > LONGEST_ADDRESS:
        raise InvalidRequest(f"{email[:60]!r}... is not a mail address: it has more than {LONGEST_ADDRESS} characters.")
    _ascii_domain(email)
    return email


def _checked_name(name: str | None) -> str | None:
    if name is None:
        return None
    return " ".join(refuse_unprintable(name, what="The name of an address").split()) or None


def _ascii_domain(email: str) -> str:
    local, _, domain = email.rpartition("@")
    if not domain.isascii():
        domain = _idna(domain)
    if not ASCII_DOMAIN.fullmatch(domain) and not DOMAIN_LITERAL.fullmatch(domain):
        raise InvalidRequest(f"{email!r} is not a mail address: {domain!r} is not a domain.")
    return f"{local}@{domain}"


def _idna(domain: str) -> str:
    if AMBIGUOUS_IN_DOMAINS & set(domain):
        raise InvalidRequest(
            f"The domain {domain!r} means different places to different programs.",
            hint="Write it in its ASCII form, which begins with xn--.",
        )
    try:
        return domain.encode("idna").decode()
    except UnicodeError as error:
        raise InvalidRequest(f"{domain!r} is not a domain.") from error


def _phrase(name: str) -> str:
    if not name.isascii() or "=?" in name or max(map(len, name.split())) > 60:
        return encode(name)
    return name if ATOMS.fullmatch(name) else _quoted(name)


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", r"\\").replace('"', r"\"") + '"'


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def _pieces(text: str) -> Iterator[list[Token]]:
    """Cut at the commas and semicolons that separate; what precedes a colon names a group and goes."""
    piece: list[Token] = []
    for match in TOKEN.finditer(text):
        kind = match.lastgroup or "stray"
        if kind == "separator":
            if any(value.strip() for _, value in piece):
                yield piece
            piece = []
        elif kind == "colon" and not any("@" in value for _, value in piece):
            piece = []
        else:
            piece.append((kind, match[0]))
    if any(value.strip() for _, value in piece):
        yield piece


def _read(piece: list[Token]) -> Address:
    whole = "".join(value for _, value in piece).strip()
    kinds = [kind for kind, value in piece if value.strip() and kind != "comment"]
    if "stray" in kinds or "colon" in kinds or kinds.count("angle") > 1:
        raise InvalidRequest(f"{whole!r} is not a mail address: a quote, bracket or colon is out of place.")
    if "angle" not in kinds:
        return Address("".join(value for kind, value in piece if kind != "comment"), name=_comment(piece))
    if kinds[-1] != "angle":
        raise InvalidRequest(f"{whole!r} is not a mail address: something stands behind the >.")
    email = next(value for kind, value in piece if kind == "angle")[1:-1]
    words = [
        _unquoted(value) if kind == "quoted" else value for kind, value in piece if kind not in ("angle", "comment")
    ]
    return Address(email, name=" ".join(words) or None)


def _comment(piece: list[Token]) -> str | None:
    """Old mail programs write `ada@example.com (Ada Lovelace)`."""
    return next((_unquoted(value) for kind, value in piece if kind == "comment"), None)


def _received(header: str) -> tuple[Address, ...]:
    found = (_read_received(piece) for piece in _with_whole_names(_pieces(shown(header))))
    return tuple(address for address in found if address is not None)


def _with_whole_names(pieces: Iterable[list[Token]]) -> Iterator[list[Token]]:
    """A name with a comma has lost its quotes where it was encoded: what is no address begins the next one's name."""
    begun: list[Token] = []
    for piece in pieces:
        if any("@" in value for _, value in piece):
            yield begun + piece
            begun = []
        else:
            begun.append(("text", "".join(value for _, value in piece).strip() + ","))


# A mailbox is full of mail from and to the same few people.
_received_before = lru_cache(MOST_REMEMBERED)(_received)


def _read_received(piece: list[Token]) -> Address | None:
    try:
        return _read(piece)
    except InvalidRequest:
        found = BARE_ADDRESS.search("".join(value for _, value in piece))
    try:
        return Address(found[0]) if found else None
    except InvalidRequest:
        return None
