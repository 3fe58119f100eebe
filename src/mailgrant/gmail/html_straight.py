"""
HTML of a stranger made straight, before a parser is let near it.

A parser's time grows with the square of the nesting, of a tag's attributes, and of what was never
closed: a hostile megabyte takes minutes. So whatever is long is written anew in one pass: every tag
closed where it ends, nothing nested beyond reason, and only what a reader of mail needs.
"""

from __future__ import annotations

import re
from collections import defaultdict
from types import MappingProxyType

# Below these a parser is quick, whatever the shape.
LONGEST_AS_IT_IS = 50_000
MOST_TAGS_AS_THEY_ARE = 2_000
MOST_NESTED = 500
# One text with many of these takes an escaper the square of their number; a comment cuts it in two.
MOST_TO_ESCAPE = 500

WORD = re.compile(r"\w+")
KEPT_TAGS = frozenset(
    WORD.findall(
        "a abbr address article aside b blockquote br caption center cite code dd del div dl dt em figcaption figure"
        " footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li mark ol p pre q s samp section small span strike strong"
        " sub sup table tbody td tfoot th thead tr tt u ul"
    )
)
VOID_TAGS = frozenset({"br", "hr", "img"})
KEPT_ATTRIBUTES = frozenset({"href", "src", "alt", "start", "colspan", "rowspan", "width", "height", "align"})
# What stands in these is no markup, and is not shown; in the last three it is.
UNSHOWN = frozenset(WORD.findall("script style title iframe noembed noframes noscript object svg template"))
SHOWN = frozenset({"textarea", "xmp", "plaintext"})
TABLE_PARTS = frozenset({"table", "caption", "thead", "tbody", "tfoot", "tr", "td", "th"})
BOXES = frozenset({"table", "td", "th", "ul", "ol", "dl", "div", "blockquote"})
CELLS = frozenset({"table", "td", "th"})
ROWS, LINES, TERMS = frozenset({"thead", "tbody", "tfoot"}), frozenset({"td", "th"}), frozenset({"dt", "dd"})
# A tag that ends the one before it, which therefore need not be closed.
ENDS_BEFORE_IT = MappingProxyType(
    {name: family for family in (ROWS, LINES, TERMS) for name in family}
    | {name: frozenset({name}) for name in ("p", "li", "tr")}
)

_BLANK = " \\t\\n\\f\\r"
_ATTRIBUTE = (
    rf"[^{_BLANK}/>][^{_BLANK}/>=]*+"
    rf"(?:[{_BLANK}]*+=[{_BLANK}]*+(?:\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z)|[^{_BLANK}>\"'][^{_BLANK}>]*+|(?=>|\Z)))?+"
)
# Always finds an end, the last one at the end of the text: no character is looked at many times.
TOKEN = re.compile(
    r"<!--(?:-?>|.*?(?:--!?>|\Z))"
    r"|<(?:[!?]|/(?![A-Za-z]))[^>]*+(?:>|\Z)"
    rf"|<(?P<end>/?)(?P<name>[A-Za-z][^{_BLANK}/>]*+)(?P<attributes>(?:[{_BLANK}/]++|{_ATTRIBUTE})*+)(?P<closed>>?)",
    re.DOTALL,
)
ATTRIBUTE = re.compile(
    rf"(?P<name>[^{_BLANK}/>][^{_BLANK}/>=]*+)"
    rf"(?:[{_BLANK}]*+=[{_BLANK}]*+(?:\"(?P<double>[^\"]*+)\"?|'(?P<single>[^']*+)'?|(?P<bare>[^{_BLANK}>\"'][^{_BLANK}>]*+)))?+"
)
TO_ESCAPE = re.compile(rf"(?:[^&\xa0]*+[&\xa0]){{{MOST_TO_ESCAPE}}}")


def straightened(html: str) -> str:
    """Return `html` that a parser takes in one breath; what is short enough stays as it is."""
    if len(html) <= LONGEST_AS_IT_IS and html.count("<") <= MOST_TAGS_AS_THEY_ARE:
        return html
    return _Straightening(html).result()


class _Straightening:
    """One pass over a page, and what is open at the place where it stands."""

    def __init__(self, html: str) -> None:
        self._html = html
        self._written: list[str] = []
        self._open: list[str] = []
        self._places: defaultdict[str, list[int]] = defaultdict(list)

    def result(self) -> str:
        """Read everything, close what is still open, and return what was written."""
        place = 0
        while (found := TOKEN.search(self._html, place)) is not None:
            self._text(place, found.start())
            place = self._token(found)
        self._text(place, len(self._html))
        self._close_to(0)
        return "".join(self._written)

    def _token(self, found: re.Match[str]) -> int:
        """Write a tag or leave it out; return where to read on."""
        name = (found["name"] or "").lower()
        if not found["closed"]:
            pass
        elif found["end"]:
            self._end(name)
        elif (name in UNSHOWN or name in SHOWN) and not found["attributes"].endswith("/"):
            return self._opaque(name, found.end())
        elif name in KEPT_TAGS:
            self._start(name, found["attributes"])
        return found.end()

    def _opaque(self, name: str, begun: int) -> int:
        """Pass over what is no markup; return where its end tag begins."""
        end = re.compile(rf"</{name}(?=[{_BLANK}/>])", re.IGNORECASE).search(self._html, begun)
        ended = len(self._html) if end is None or name == "plaintext" else end.start()
        if name in SHOWN:
            self._text(begun, ended)
        return ended

    def _start(self, name: str, attributes: str) -> None:
        family = ENDS_BEFORE_IT.get(name, frozenset())
        before = self._last(family)
        if before > self._last({"table"} if name in TABLE_PARTS else BOXES - family):
            self._close_to(before)
        if name not in VOID_TAGS:
            if len(self._open) >= MOST_NESTED:
                return
            self._places[name].append(len(self._open))
            self._open.append(name)
        self._written.append(f"<{name}{kept_attributes(attributes)}>")

    def _end(self, name: str) -> None:
        """Close a tag and all in it; one that was never opened, or is outside of this cell, is left alone."""
        opened = self._last({name})
        fence = self._last({"table"} if name in TABLE_PARTS else CELLS)
        if opened >= max(fence, 0):
            self._close_to(opened)

    def _close_to(self, depth: int) -> None:
        while len(self._open) > depth:
            name = self._open.pop()
            self._places[name].pop()
            self._written.append(f"</{name}>")

    def _last(self, names: frozenset[str] | set[str]) -> int:
        """Say how deep the innermost of these is, -1 when none is open."""
        return max((self._places[name][-1] for name in names if self._places[name]), default=-1)

    def _text(self, start: int, end: int) -> None:
        if start < end:
            text = self._html[start:end].replace("<", "&lt;")
            self._written.append(TO_ESCAPE.sub(lambda found: f"{found[0][:-1]}<!---->{found[0][-1]}", text))


def kept_attributes(written: str) -> str:
    """Return the attributes of a tag that a reader of mail needs, each once."""
    kept: dict[str, str] = {}
    for found in ATTRIBUTE.finditer(written) if written else ():
        name = found["name"].lower()
        if name in KEPT_ATTRIBUTES and name not in kept:
            kept[name] = found["double"] or found["single"] or found["bare"] or ""
    return "".join(f' {name}="{value.replace(chr(34), "&quot;")}"' for name, value in kept.items())
