"""Make a text of HTML that reads as the page does: paragraphs, lists, quotations, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .header_text import UNPRINTABLE
from .html_straight import straightened

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

UNSEEN = frozenset({"head", "script", "style", "template", "title", "noscript", "object", "svg"})
PARAGRAPHS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "pre", "blockquote", "hr"})
LINES = frozenset(
    {"div", "li", "tr", "dt", "dd", "section", "article", "header", "footer", "address", "body", "center"}
)
CELLS = frozenset({"td", "th"})
LINKS = re.compile(r"(?:https?|mailto):\S+")
RULE = "-" * 20
# Blanks and breaks that only a page's layout needs.
INVISIBLE = {0xA0: " ", 0xAD: None, 0x200B: None}
# Deeper lists and quotations look like these: their margin times their lines would fill the memory.
DEEPEST_MARGIN = 20


def html_to_text(html: str) -> str:
    """
    Return what a person would read in `html`, without its looks.

    Never raises: HTML in mail is often broken, and is read as a browser would read it.
    """
    html = straightened(html.encode("utf-8", "replace").decode())
    from selectolax.lexbor import LexborHTMLParser

    body = LexborHTMLParser(html).body
    if body is None:
        return ""
    writer = _Writer()
    for node, entering in _walk(body):
        (writer.enter if entering else writer.leave)(node)
    return writer.text()


def _walk(root: LexborNode) -> Iterator[tuple[LexborNode, bool]]:
    """Visit every node on the way in and on the way out; without recursion, for mail nests deeply."""
    stack: list[tuple[LexborNode, bool]] = [(root, True)]
    while stack:
        node, entering = stack.pop()
        if entering and node.tag in UNSEEN:
            continue
        yield node, entering
        if not entering:
            continue
        stack.append((node, False))
        children = []
        child = node.first_child
        while child is not None:
            children.append((child, True))
            child = child.next
        stack.extend(reversed(children))


class _Writer:
    """Collects lines; blank lines between paragraphs are asked for and written once."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line = ""
        self._blank_wanted = False
        self._bullet = ""
        self._quotations = 0
        self._quoted_before = 0
        self._preformatted = 0
        self._lists: list[int | None] = []
        self._links: list[tuple[str, int]] = []

    def enter(self, node: LexborNode) -> None:
        """Begin what the node stands for."""
        tag = node.tag or ""
        if tag == "-text":
            self._write(node.text_content or "")
            return
        self._break_before(tag)
        if tag == "blockquote":
            self._quotations += 1
        elif tag == "pre":
            self._preformatted += 1
        elif tag in ("ul", "ol"):
            self._lists.append(1 if tag == "ol" else None)
        elif tag == "a":
            self._links.append((node.attributes.get("href") or "", len(self._line)))
        self._mark(tag, node)

    def leave(self, node: LexborNode) -> None:
        """End what the node stands for."""
        tag = node.tag or ""
        if tag == "a" and self._links:
            self._end_link(*self._links.pop())
        if tag in PARAGRAPHS or tag in LINES:
            self._break_before(tag)
        if tag == "blockquote":
            self._quotations -= 1
        elif tag == "pre":
            self._preformatted -= 1
        elif tag == "li":
            self._bullet = ""
        elif tag in ("ul", "ol") and self._lists:
            self._lists.pop()

    def text(self) -> str:
        """Return everything written."""
        self._end_line()
        return "\n".join(self._lines).strip("\n")

    def _mark(self, tag: str, node: LexborNode) -> None:
        """Write what the element itself shows."""
        if tag == "br":
            self._new_line()
        elif tag == "hr":
            self._line = RULE
            self._break_before(tag)
        elif tag == "img":
            self._write(node.attributes.get("alt") or "")
        elif tag == "li":
            self._bullet = "  " * min(len(self._lists) - 1, DEEPEST_MARGIN) + self._next_bullet()
        elif tag in CELLS and self._line.strip():
            self._line = f"{self._line.rstrip()}  "

    def _next_bullet(self) -> str:
        if not self._lists or self._lists[-1] is None:
            return "- "
        number = self._lists[-1]
        self._lists[-1] = number + 1
        return f"{number}. "

    def _break_before(self, tag: str) -> None:
        if tag in PARAGRAPHS or tag in LINES:
            self._end_line()
        if tag in PARAGRAPHS and not self._lists:
            self._blank_wanted = True

    def _write(self, text: str) -> None:
        if self._preformatted:
            first, *rest = text.expandtabs().splitlines() or [""]
            self._line += first
            for line in rest:
                self._new_line()
                self._line += line
            return
        words = re.sub(r"[ \t\r\n\f]+", " ", text)
        if not self._line or self._line.endswith(" "):
            words = words.lstrip(" ")
        self._line += words.translate(INVISIBLE)

    def _end_link(self, address: str, begun: int) -> None:
        shown = self._line[begun:].strip()
        if shown and LINKS.fullmatch(address) and shown not in (address, address.removeprefix("mailto:")):
            self._line = f"{self._line.rstrip()} <{address}>"

    @property
    def _quoted(self) -> int:
        """How many marks of quotation a line has."""
        return min(self._quotations, DEEPEST_MARGIN)

    def _end_line(self) -> None:
        if self._line.strip():
            self._new_line()
        self._line = ""

    def _new_line(self) -> None:
        if self._blank_wanted and self._lines and self._lines[-1].strip("> "):
            self._lines.append(("> " * min(self._quoted, self._quoted_before)).rstrip())
        line = f"{'> ' * self._quoted}{self._bullet}{UNPRINTABLE.sub(' ', self._line)}"
        self._lines.append(line.rstrip())
        self._line, self._bullet = "", ""
        self._blank_wanted, self._quoted_before = False, self._quoted
