"""What a person would read of a mail: its text without markup, and the snippet a list shows of it."""

from __future__ import annotations

import re
from html import escape, unescape

from mailgrant.sandbox.mail.mime import Part

SNIPPET_LENGTH = 200
# Enough for any snippet; a mail's HTML may be megabytes of style sheets.
SNIPPET_SOURCE = 100_000
FIRST_LINES = 1000

TAG = re.compile(r"<(/?)([A-Za-z][^\s/>]*)")
SILENT = {name: re.compile(f"</{name}", re.IGNORECASE) for name in ("script", "style", "title", "template")}
# Their words touch those around them; every other tag parts two words.
INLINE = frozenset(
    {
        "a",
        "abbr",
        "acronym",
        "b",
        "big",
        "code",
        "em",
        "font",
        "i",
        "ins",
        "kbd",
        "mark",
        "s",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "tt",
        "u",
        "wbr",
    }
)
# Mail programs hide these in the preheader text that marketing mail begins with.
INVISIBLE = re.compile("[\u00ad\u034f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")


def readable(root: Part) -> str:
    """Return all the text of a mail that a person reads: each body once, as plain text where there is one."""
    return "\n".join(plain(part) for part in _bodies(root))


def plain(part: Part) -> str:
    """Return a text part's text, markup removed if it is HTML."""
    return from_html(part.text) if part.mime_type == "text/html" else part.text


def snippet(root: Part) -> str:
    """Return some 200 characters from the start of a mail's text, HTML-escaped as Google does it."""
    for part in _bodies(root):
        start = _start(part)
        if start:
            return escape(_cut(start)).replace("&#x27;", "&#39;")
    return ""


def from_html(markup: str) -> str:
    """
    Return the text of an HTML document.

    One pass that only moves forward: unclosed comments and tags swallow the rest, as they do in a browser.
    """
    pieces: list[str] = []
    position = 0
    while (start := markup.find("<", position)) >= 0:
        pieces.append(markup[position:start])
        position = _after_tag(markup, start, pieces)
    pieces.append(markup[position:])
    return unescape("".join(pieces))


def _after_tag(markup: str, start: int, pieces: list[str]) -> int:
    """Return where the text goes on behind the `<` at `start`; the length of it all when nowhere."""
    if markup.startswith("<!--", start):
        return _behind(markup, "-->", start + 4)
    if markup.startswith(("<!", "<?"), start):
        return _behind(markup, ">", start)
    tag = TAG.match(markup, start)
    if tag is None:
        pieces.append("<")
        return start + 1
    name = tag[2].lower()
    if name not in INLINE:
        pieces.append("\n")
    end = _behind(markup, ">", tag.end())
    if name in SILENT and not tag[1]:
        closing = SILENT[name].search(markup, end)
        return _behind(markup, ">", closing.end()) if closing else len(markup)
    return end


def _behind(markup: str, ending: str, position: int) -> int:
    found = markup.find(ending, position)
    return len(markup) if found < 0 else found + len(ending)


def _bodies(root: Part) -> list[Part]:
    """Return the parts to read; of alternatives the plain one, else the last that has text."""
    if root.mime_type == "multipart/alternative":
        options = [bodies for part in root.parts if (bodies := _bodies(part))]
        plain_ones = [bodies for bodies in options if all(part.mime_type == "text/plain" for part in bodies)]
        return (plain_ones or options[::-1] or [[]])[0]
    if root.parts and root.mime_type != "message/rfc822":
        return [body for part in root.parts for body in _bodies(part)]
    return [root] if root.is_body_text and root.body.strip() else []


def _start(part: Part) -> str:
    """Return the first words of a text part on one line, at least as many as a snippet shows."""
    text = part.text[:SNIPPET_SOURCE]
    if part.mime_type == "text/html":
        return _on_one_line(from_html(text))
    # The first lines nearly always do; only when they are mostly blank, the rest is read.
    start = _on_one_line(text[:FIRST_LINES])
    return start if len(start) > SNIPPET_LENGTH else _on_one_line(text)


def _on_one_line(text: str) -> str:
    return " ".join(INVISIBLE.sub("", text).split())


def _cut(text: str) -> str:
    if len(text) <= SNIPPET_LENGTH:
        return text
    head, _, _ = text[: SNIPPET_LENGTH + 1].rpartition(" ")
    return head or text[:SNIPPET_LENGTH]
