"""
The nodes of a search: what a query means, before any mailbox is asked.

`query_text.py` reads Gmail's query language into them; `search.py` finds the messages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Place(StrEnum):
    """Where in a message words are looked for."""

    ANYWHERE = "any"
    FROM = "from"
    TO = "to"
    CC = "cc"
    BCC = "bcc"
    SUBJECT = "subject"
    FILENAME = "filename"
    LIST = "list"
    DELIVERED_TO = "deliveredto"


@dataclass(frozen=True, slots=True)
class And:
    """All of them; of none, every message."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of them; of none, no message."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """What the inner node leaves."""

    node: Node


@dataclass(frozen=True, slots=True)
class Nothing:
    """No message: an unknown operator, or an argument that makes no sense."""


@dataclass(frozen=True, slots=True)
class Anywhere:
    """Every message, spam and trash too (`in:anywhere`)."""


@dataclass(frozen=True, slots=True)
class Words:
    """These words next to each other, in this order."""

    place: Place
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Near:
    """Two runs of words with at most so many others between them, in either order (`AROUND`)."""

    left: tuple[str, ...]
    distance: int
    right: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A whole address, a domain with its @, or `me`."""

    place: Place
    address: str


@dataclass(frozen=True, slots=True)
class Labelled:
    """Messages with the label of this id."""

    label_id: str


@dataclass(frozen=True, slots=True)
class LabelledByName:
    """Messages with a label a person knows by this name, in whatever spelling of case, blank, dash and slash."""

    name: str


@dataclass(frozen=True, slots=True)
class UserLabelled:
    """Messages with any label of the person's own."""


@dataclass(frozen=True, slots=True)
class Marked:
    """Messages with something in them: `attachment`, `drive`, `youtube` and the like."""

    mark: str


@dataclass(frozen=True, slots=True)
class Dated:
    """Messages accepted from `since` on and before `until`, in milliseconds since 1970; None is open."""

    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Aged:
    """Messages younger than so many `h`, `d`, `m` or `y`; or the older rest."""

    count: int
    unit: str
    older: bool = False


@dataclass(frozen=True, slots=True)
class Sized:
    """Messages of at least `least` bytes, and of less than `below`."""

    least: int = 0
    below: int | None = None


@dataclass(frozen=True, slots=True)
class MessageId:
    """The message with this Message-ID, written without its brackets."""

    text: str


@dataclass(frozen=True, slots=True)
class Header:
    """Messages with these words in a header of this name; of no words, with that header at all."""

    name: str
    words: tuple[str, ...]


Node: TypeAlias = (
    And | Or | Not | Nothing | Anywhere | Words | Near | Mailbox | Labelled | LabelledByName
    | UserLabelled | Marked | Dated | Aged | Sized | MessageId | Header
)  # fmt: skip

EVERYTHING = And(())
NOTHING = Nothing()


def all_of(nodes: list[Node]) -> Node:
    """Return one node for all of them; a single one stays itself."""
    return nodes[0] if len(nodes) == 1 else And(tuple(nodes))


def any_of(nodes: list[Node]) -> Node:
    """Return one node for any of them; a single one stays itself."""
    return nodes[0] if len(nodes) == 1 else Or(tuple(nodes))


def asked_for(node: Node) -> Iterator[Node]:
    """Yield the leaves that a query asks for, leaving out what it excludes."""
    if isinstance(node, (And, Or)):
        for inner in node.nodes:
            yield from asked_for(inner)
    elif not isinstance(node, Not):
        yield node


def reaches_spam_and_trash(node: Node) -> bool:
    """Return whether a query itself names spam, trash or anywhere; else they are not searched."""
    wanted = (Labelled("SPAM"), Labelled("TRASH"), Anywhere())
    return any(leaf in wanted for leaf in asked_for(node))
