"""
Gmail's query language, read into a tree.

    from:(ada OR grace) -in:trash {subject:lunch "at noon"} larger:10K

Blanks mean AND; `OR`, `|` and braces mean or, and bind tighter than a blank, as Google's searches do;
a dash excludes the next term or group. There is no wrong query: what makes no sense finds nothing, what
is unfinished is taken as far as it goes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from mailgrant.sandbox.mail import operators
from mailgrant.sandbox.mail.query import EVERYTHING, NOTHING, Near, Node, Not, Place, Words, all_of, any_of
from mailgrant.sandbox.mail.words import words

# Deeper groups than this find nothing; people nest two or three.
DEEPEST = 40

NUMBER = re.compile(r"\d{1,6}", re.ASCII)

TOKEN = re.compile(
    r"""
      "(?P<phrase>[^"]*)(?:"|\Z)
    | (?P<open>[({])
    | (?P<close>[)}])
    | (?P<or>\|)
    | (?P<operator>[A-Za-z][A-Za-z0-9_]*):(?!//)
    | (?P<minus>-)
    | (?P<word>[^\s(){}"|]+)
    """,
    re.VERBOSE,
)
# Directly behind an operator's colon a further colon is nothing special: `rfc822msgid:a:b@c`.
ARGUMENT = re.compile(r"""(?P<word>[^\s(){}"|-][^\s(){}"|]*)""")
BLANKS = re.compile(r"\s*")

# What turns a word or phrase into a node: plain words, or the operator in front of a group.
Maker: TypeAlias = Callable[[str], Node | None]


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a query: the name of its group in TOKEN, and whether a blank stands before it."""

    kind: str
    text: str
    spaced: bool


def parse(text: str) -> Node:
    """Return what a query means; any text is a query, and an empty one means everything."""
    return _Parser(list(_tokens(text))).parse()


def _tokens(text: str) -> Iterator[Token]:
    position, after_operator = 0, False
    while True:
        blanks = BLANKS.match(text, position)
        start = blanks.end() if blanks else position
        spaced = start > position
        argument = ARGUMENT.match(text, start) if after_operator and not spaced else None
        match = argument or TOKEN.match(text, start)
        if match is None:
            return
        kind = match.lastgroup or "word"
        yield Token(kind, match[kind], spaced)
        position, after_operator = match.end(), kind == "operator"


def _plain(text: str) -> Node | None:
    """Punctuation alone is not searched for, so it does not make a query find nothing either."""
    return operators.plain(Place.ANYWHERE, text) if words(text) else None


class _Parser:
    """Reads tokens from left to right. None stands for a term that says nothing, as in `from:` alone."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._position = 0

    def parse(self) -> Node:
        nodes: list[Node] = []
        while self._peek() is not None:
            nodes += self._sequence(_plain, depth=0)
            self._position += 1  # A closing bracket that nothing opened.
        return all_of(nodes) if nodes else EVERYTHING

    def _sequence(self, make: Maker, depth: int) -> list[Node]:
        """Read terms up to a closing bracket or the end; those joined by OR become one."""
        nodes: list[Node] = []
        while not self._at_end():
            node = self._either(make, depth)
            if node is not None:
                nodes.append(node)
        return nodes

    def _either(self, make: Maker, depth: int) -> Node | None:
        options = [self._term(make, depth)]
        while _is_or(self._peek()):
            self._position += 1
            if not self._at_end():
                options.append(self._term(make, depth))
        present = [node for node in options if node is not None]
        return any_of(present) if present else None

    def _term(self, make: Maker, depth: int) -> Node | None:
        if depth > DEEPEST:
            self._position = len(self._tokens)
            return NOTHING
        token = self._tokens[self._position]
        self._position += 1
        if token.kind == "minus":
            return self._excluded(make, depth)
        if token.kind == "open":
            return self._group(token.text, make, depth)
        if token.kind == "operator":
            return self._operand(token.text, depth)
        if _is_or(token) or (token.kind == "word" and token.text == "AND"):
            return None
        return self._near(make(token.text))

    def _excluded(self, make: Maker, depth: int) -> Node | None:
        """A dash with a blank behind it is only a dash."""
        token = self._peek()
        if token is None or token.spaced or token.kind in ("close", "minus"):
            return None
        node = self._term(make, depth + 1)
        return None if node is None else Not(node)

    def _group(self, bracket: str, make: Maker, depth: int) -> Node | None:
        nodes = self._sequence(make, depth + 1)
        self._position += 1
        if not nodes:
            return None
        return any_of(nodes) if bracket == "{" else all_of(nodes)

    def _operand(self, name: str, depth: int) -> Node | None:
        """Read what stands behind an operator, blanks between allowed; nothing there says nothing."""
        token = self._peek()
        if token is None or token.kind in ("close", "operator") or _is_or(token):
            return None
        if name.lower() == "header":
            return self._header()
        return self._term(lambda text: operators.apply(name, text), depth + 1)

    def _header(self) -> Node:
        """The value behind `header:Name:` may be quoted, and then is a token of its own."""
        text = self._tokens[self._position].text
        self._position += 1
        following = self._peek()
        if following is not None and following.kind == "phrase" and not following.spaced:
            self._position += 1
            text += following.text
        return operators.apply("header", text)

    def _near(self, left: Node | None) -> Node | None:
        """Read `AROUND n term` behind plain words; an unfinished one is three words like others."""
        coming = self._tokens[self._position : self._position + 3]
        if not isinstance(left, Words) or left.place is not Place.ANYWHERE or len(coming) < 3:
            return left
        joint, number, right = coming
        if joint.text != "AROUND" or not NUMBER.fullmatch(number.text) or right.kind not in ("word", "phrase"):
            return left
        self._position += 3
        return Near(left.words, int(number.text), tuple(words(right.text)))

    def _peek(self) -> Token | None:
        return self._tokens[self._position] if self._position < len(self._tokens) else None

    def _at_end(self) -> bool:
        token = self._peek()
        return token is None or token.kind == "close"


def _is_or(token: Token | None) -> bool:
    return token is not None and (token.kind == "or" or (token.kind == "word" and token.text == "OR"))
